import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import process from 'node:process';
import { ownedEnvironment } from '../abandoned.ts';
import { Watched } from '../watched.ts';

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A program in a terminal of its own, as a reader of a page runs it. The object owns the processes in it. */
export class Program implements AsyncDisposable {
  /** What it has printed, on both streams. */
  output = '';
  readonly #child: ChildProcess;
  readonly #changes = new Watched();
  readonly #exit: Promise<unknown>;

  constructor(file: string, args: readonly string[], { cwd, env }: ProgramOptions) {
    const inherited = Object.entries(ownedEnvironment()).filter(
      ([name]) => !/^(PREFORK_(?!TEST_)|NODE_TEST_CONTEXT$|npm_)/.test(name),
    );
    const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`;
    this.#child = spawn(file, args, {
      cwd,
      env: { ...Object.fromEntries(inherited), PATH, PWD: cwd, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exit = once(this.#child, 'close').then(() => this.#changes.over('it has ended'));
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#changes.changed();
      });
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** True when it has ended by itself, or by a signal. */
  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until it has printed that. @param after a place in its output from which it counts. */
  says(pattern: RegExp, after = 0): Promise<RegExpExecArray> {
    const what = (): string => `${pattern} of ${this.#child.spawnargs.join(' ')}, which printed:\n${this.output}`;
    return this.#changes.until(() => pattern.exec(this.output.slice(after)) ?? undefined, what);
  }

  /** Presses Ctrl-C. */
  interrupt(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** Waits for its end, and that of everything that has its output. */
  async end(): Promise<number | NodeJS.Signals> {
    await this.#exit;
    return this.#child.exitCode ?? this.#child.signalCode!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // All of them have ended.
    }
    await this.#exit;
  }
}
