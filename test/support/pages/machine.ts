import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { isVerb } from '../../../src/cli/verbs.ts';
import { parseCommandLine } from '../../../src/options/index.ts';
import { testDirectory } from '../abandoned.ts';
import { socketsIn } from '../leftovers.ts';
import { command, root } from '../paths.ts';
import { makePlaces, running, type Running } from './places.ts';
import { Program } from './program.ts';

/** Commands that end when they are interrupted, and what they have printed by then. */
const endless: ReadonlyArray<readonly [RegExp, RegExp]> = [
  [/^prefork top .*--interval/, /\n.*\n/],
  [/^prefork (?:top|dashboard|inspect)\b|^prefork logs .*-f|^curl -N/, /\S/],
];

/** A machine as the pages have it, and a person who types there. The object owns its directory and the server that runs. */
export class Machine implements AsyncDisposable {
  readonly home: string = testDirectory('pages');
  readonly #granted: { readonly directory: string; readonly args: readonly string[] };
  /** The directory in which the person is. */
  #directory: string;
  #server: Program | undefined;
  /** True when the server is the one that pages take for granted. */
  #isGranted = false;

  constructor(which: Running) {
    const { directory, words } = running[which];
    this.#granted = { directory: join(this.home, directory), args: words.split(' ').slice(1) };
    this.#directory = this.#granted.directory;
    makePlaces(this.home);
  }

  /** Begins anew: in the usual directory, without a server that a page has started. */
  async beginAnew(): Promise<void> {
    this.#directory = this.#granted.directory;
    if (!this.#isGranted) await this.stop();
  }

  /** The server that runs. Where none does, the one that pages take for granted is started. */
  async server(): Promise<Program> {
    if (this.#server?.hasEnded === false) return this.#server;
    const { directory, args } = this.#granted;
    const server = await this.#start(args, directory);
    this.#isGranted = true;
    return server;
  }

  /**
   * Types words of `typedFor`: a server runs on when it serves, and anything else runs to its end.
   *
   * @param exits the exit codes that are right.
   * @returns what was printed.
   */
  async type(words: readonly string[], exits: readonly number[] = [0]): Promise<string> {
    const [first = '', second = ''] = words;
    if (first === 'cd') {
      this.#directory = second.replace('{home}', this.home);
      return '';
    }
    // `$sock` is known without it.
    if (first.startsWith('sock=')) return '';
    const args = argumentsOfPrefork(words);
    if (args !== undefined && isServer(args) && exits.includes(0)) {
      const { output } = await this.#start(this.#filled(args), this.#directory);
      this.#isGranted = false;
      return output;
    }
    await using program = await this.run(words);
    const exit = await program.end();
    assert.ok(exit === 'SIGINT' || exits.includes(Number(exit)), `${words.join(' ')}: ${exit}\n${program.output}`);
    return program.output;
  }

  /** Starts what is no server, and interrupts it if it needs that. The caller owns the program. */
  async run(words: readonly string[]): Promise<Program> {
    const filled = this.#filled(words, await this.server());
    const args = argumentsOfPrefork(filled);
    const program =
      args === undefined
        ? this.#program('bash', byShell(filled), this.#directory)
        : this.#prefork(args, this.#directory);
    const text = words.join(' ');
    const [, printed] = endless.find(([of]) => of.test(text)) ?? [];
    if (printed !== undefined) {
      await program.says(printed);
      program.interrupt();
    }
    return program;
  }

  async stop(): Promise<void> {
    if (this.#server?.hasEnded !== false) return;
    process.kill(this.#server.pid, 'SIGTERM');
    await this.ended();
  }

  /** Stops the primary that has succeeded the server's in an upgrade. No process of the test is its parent. */
  async stopSuccessor(): Promise<void> {
    await using stop = this.#prefork(['stop'], this.home);
    assert.equal(await stop.end(), 0, stop.output);
    await this.ended();
  }

  /** Waits for the end of the server. */
  async ended(): Promise<void> {
    const server = this.#server!;
    assert.equal(await server.end(), 0, server.output);
    await server[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.home, { recursive: true });
  }

  async #start(args: readonly string[], directory: string): Promise<Program> {
    await this.stop();
    const server = this.#prefork(args, directory);
    this.#server = server;
    await server.says(/^(?:\d\S+Z )?prefork: (?:apps )?ready .*\n/m);
    return server;
  }

  #prefork(args: readonly string[], directory: string): Program {
    return this.#program(process.execPath, [command, ...args], directory);
  }

  #program(file: string, args: readonly string[], cwd: string): Program {
    const env = { PREFORK_RUNTIME_DIR: this.home, PREFORK_SETTLE: '20ms', PREFORK_WORKERS: '2', PORT: '0' };
    return new Program(file, args, { cwd, env });
  }

  /** Puts what is here in the place of names in braces. */
  #filled(words: readonly string[], server?: Program): string[] {
    const here: Readonly<Record<string, () => string | undefined>> = {
      home: () => this.home,
      root: () => root,
      socket: () => socketsIn(this.home).find((path) => /\/prefork-\d+\/[^/]+\.sock$/.test(path)),
      primary: () => String(server?.pid),
      port: () => /listening address=\S+:(\d+)/.exec(server?.output ?? '')?.[1],
      worker: () => [...(server?.output ?? '').matchAll(/worker ready slot=0 .*?pid=(\d+)/g)].at(-1)?.[1],
    };
    return words.map((word) => word.replaceAll(/\{(\w+)\}/g, (_, name: string) => here[name]!()!));
  }
}

/** True when these words start a server. */
export function startsServer(words: readonly string[]): boolean {
  const args = argumentsOfPrefork(words);
  return args !== undefined && isServer(args);
}

/** Returns the arguments when it is prefork that is typed, and undefined else. */
function argumentsOfPrefork(words: readonly string[]): readonly string[] | undefined {
  const [first, second = ''] = words;
  if (first === 'prefork') return words.slice(1);
  return first === 'node' && /\/prefork$|^dist\/cli\.cjs$/.test(second) ? words.slice(2) : undefined;
}

/** True when they start a server. */
function isServer(args: readonly string[]): boolean {
  const { entry, help, version } = parseCommandLine(args);
  return !help && !version && (entry === 'dev' || !isVerb(entry));
}

/** The shell has some programs itself. An answer that is an error makes curl fail. */
function byShell([program = '', ...args]: readonly string[]): string[] {
  return ['-c', '"$@"', 'bash', program, ...(program === 'curl' ? ['-fsS'] : []), ...args];
}
