import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { PrimaryMessage, WorkerMessage } from '../../../../src/ipc/messages.ts';
import type { Os } from '../../../../src/primary/workers/os.ts';

/** A fake child process. It keeps what it is sent, and does what the test tells it to. */
export class FakeChild extends EventEmitter {
  readonly pid: number;
  readonly heard: PrimaryMessage[] = [];
  readonly signals: NodeJS.Signals[] = [];
  connected = true;

  constructor(pid: number) {
    super();
    this.pid = pid;
  }

  send({ body }: { body: PrimaryMessage }): boolean {
    this.heard.push(body);
    return true;
  }

  say(body: WorkerMessage, handle?: object): void {
    this.emit('internalMessage', { cmd: 'NODE_PREFORK', body }, handle);
  }

  disconnect(): void {
    this.connected = false;
    this.emit('disconnect');
  }

  exit(code: number | null, signal: NodeJS.Signals | null): void {
    this.connected = false;
    this.emit('exit', code, signal);
  }
}

/** An operating system whose clock stands still. Deadlines come due when the test says so. */
export class FakeOs implements Os {
  readonly children: FakeChild[] = [];
  readonly #deadlines = new Set<{ readonly ms: number; readonly callback: () => void }>();

  cpuTime(): number {
    return 0;
  }

  now(): number {
    return 0;
  }

  after(ms: number, callback: () => void): () => void {
    const deadline = { ms, callback };
    this.#deadlines.add(deadline);
    return () => void this.#deadlines.delete(deadline);
  }

  /** Lets this much time pass, so that everything that waits for it has waited. */
  pass(ms: number): void {
    for (const deadline of this.#deadlines) {
      if (deadline.ms !== ms) continue;
      this.#deadlines.delete(deadline);
      deadline.callback();
    }
  }

  get deadlines(): number {
    return this.#deadlines.size;
  }

  fork(): ChildProcess {
    const child = new FakeChild(1001 + this.children.length);
    this.children.push(child);
    return child as unknown as ChildProcess;
  }

  forkHalf(): ChildProcess {
    return this.fork();
  }

  signal(): void {}

  kill(child: ChildProcess, signal: NodeJS.Signals): void {
    (child as unknown as FakeChild).signals.push(signal);
  }
}
