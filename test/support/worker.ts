import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { testDirectory } from './abandoned.ts';
import { Channel } from '../../src/ipc/channel.ts';
import { briefingEnvironment, type WorkerBriefing } from '../../src/ipc/briefing.ts';
import { decodeWorkerMessage, type PrimaryMessage, type WorkerMessage } from '../../src/ipc/messages.ts';
import { Board } from '../../src/scoreboard/board.ts';
import type { Row } from '../../src/scoreboard/layout.ts';
import { BLANK } from '../../src/scoreboard/record.ts';
import { Reader } from '../../src/scoreboard/reader.ts';
import type { AppExit } from './app.ts';
import { fixture, root } from './paths.ts';
import { Watched } from './watched.ts';

export interface WorkerOptions {
  /** A file of test/fixtures/apps, or one of `files`. */
  readonly entry: string;
  /** Files that are written to the worker's directory before it starts. */
  readonly files?: Readonly<Record<string, string>>;
  readonly context?: Partial<WorkerBriefing>;
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

type MessageOf<Type extends WorkerMessage['type']> = Extract<WorkerMessage, { type: Type }>;

/**
 * A worker whose primary is the test, which sees each message and decides what is answered, and when. The worker ends
 * with the test.
 */
export class TestWorker {
  readonly child: ChildProcess;
  readonly messages: WorkerMessage[] = [];
  stdout = '';
  stderr = '';
  readonly #channel: Channel<PrimaryMessage>;
  readonly #board: Board;
  readonly #reader: Reader;
  readonly #changes = new Watched();
  #exit: AppExit | undefined;

  constructor(t: TestContext, { entry, files, context, nodeOptions = [], env }: WorkerOptions) {
    const directory = testDirectory('test');
    for (const [name, text] of Object.entries(files ?? {})) writeFileSync(join(directory, name), text);
    this.#board = Board.create({ name: 'test', rows: 1, directories: [directory] });
    this.#reader = Reader.open(this.#board.path);
    const own = briefingEnvironment({
      slot: 0,
      generation: 1,
      workers: 1,
      instanceVariable: 'NODE_APP_INSTANCE',
      stopSignal: 'SIGTERM',
      sharing: 'shared',
      balance: 'kernel',
      seed: 0,
      migrate: 'on',
      hangStack: 0,
      proxies: [],
      healthPath: '',
      board: this.#board.path,
      row: this.#board.takeRow(),
      reports: '',
      control: '',
      gracePeriod: 10_000,
      savesCompileCache: false,
      ...context,
    });
    this.child = fork(files?.[entry] === undefined ? fixture(entry) : join(directory, entry), {
      cwd: directory,
      execArgv: [...nodeOptions, '--require', join(root, 'dist/worker/preload.cjs')],
      env: { ...process.env, PORT: '0', NODE_UNIQUE_ID: '1', ...own, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#channel = new Channel(this.child, (body) => {
      const message = decodeWorkerMessage(body);
      if (message === undefined) throw new Error(`no message: ${JSON.stringify(body)}`);
      this.messages.push(message);
      this.#changes.changed();
    });
    this.#observe();
    t.after(async () => {
      this.child.kill('SIGKILL');
      await this.exit();
      this.#reader.close();
      this.#board.close();
      rmSync(directory, { recursive: true });
      if (!(t as TestContext & { passed?: boolean }).passed) t.diagnostic(this.stdout + this.stderr);
    });
  }

  send(message: PrimaryMessage, handle?: object): void {
    this.#channel.send(message, handle);
  }

  /** Waits for the first message of this kind. An earlier one counts. */
  message<Type extends WorkerMessage['type']>(type: Type): Promise<MessageOf<Type>> {
    const isWanted = (message: WorkerMessage): message is MessageOf<Type> => message.type === type;
    return this.#changes.until(() => this.messages.find(isWanted), `the message '${type}'`);
  }

  output(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    return this.#changes.until(() => pattern.exec(this[stream]) ?? undefined, `${pattern} on ${stream}`);
  }

  /** Waits until the worker has ended and all its messages have been read. */
  exit(): Promise<AppExit> {
    return this.#changes.until(() => this.#exit, 'the end of the worker');
  }

  get isAlive(): boolean {
    return this.#exit === undefined;
  }

  /** The worker's row in the scoreboard as it was last written; blank before. */
  get row(): Row {
    const row = this.#reader.read(0);
    return row ?? BLANK;
  }

  #observe(): void {
    const { child } = this;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]!.setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        this.#changes.changed();
      });
    }
    // The child's 'close' would mean the same, but does not come after `child.disconnect()`.
    const ends = [once(child.stdout!, 'close'), once(child.stderr!, 'close'), once(child, 'disconnect')];
    child.once('exit', (code, signal) => {
      void Promise.all(ends).then(() => {
        this.#exit = { code, signal };
        this.#changes.over(`it ended with code=${code} signal=${signal}`);
      });
    });
  }
}
