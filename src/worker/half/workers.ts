import cluster, { type Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { isForWorkers, type ToHalf } from '../../ipc/half-messages.ts';

const FORK = 'cluster.fork: prefork starts the workers. This process only hears them';

/** What stands for a worker's process in `worker.process`: the process is prefork's child, and no child of this one. */
class RemoteProcess extends EventEmitter {
  readonly pid: number;
  connected = true;
  exitCode: number | null = null;
  signalCode: string | null = null;
  readonly #send: (message: unknown) => boolean;

  constructor(pid: number, send: (message: unknown) => boolean) {
    super();
    this.pid = pid;
    this.#send = send;
  }

  /** The handle and the options that may stand between cannot travel; the callback is called as Node does. */
  send(message: unknown, ...rest: readonly unknown[]): boolean {
    if (!isForWorkers(message)) throw new TypeError(`worker.send: expected a message, got ${String(message)}`);
    const callback = rest.find((one) => typeof one === 'function') as ((error: Error | null) => void) | undefined;
    const isSent = this.connected && this.#send(message);
    if (callback !== undefined) process.nextTick(callback, isSent ? null : new Error('the worker is gone'));
    return isSent;
  }

  /** The worker finishes what is in flight, and prefork starts another one. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    return process.kill(this.pid, signal);
  }

  disconnect(): void {
    this.kill();
  }
}

/** Node's own class, which its types leave out. */
type WorkerClass = new (options: { id: number; process: RemoteProcess; state: string }) => Worker;

/** Fills `cluster.workers`, and emits node:cluster's events, by what the primary tells. */
export class Workers {
  readonly #remotes = new Map<number, { readonly worker: Worker; readonly remote: RemoteProcess }>();
  readonly #send: (worker: number, message: unknown) => boolean;

  constructor(send: (worker: number, message: unknown) => boolean) {
    this.#send = send;
    cluster.fork = () => {
      throw new Error(FORK);
    };
  }

  take(message: ToHalf): void {
    if (message.type === 'forked') this.#forked(message.worker, message.pid);
    else if (message.type === 'said') this.#remotes.get(message.worker)?.remote.emit('message', message.message);
    else if (message.type === 'gone') this.#gone(message.worker, message.code, message.signal);
  }

  #forked(id: number, pid: number): void {
    if (this.#remotes.has(id)) return;
    const remote = new RemoteProcess(pid, (message) => this.#send(id, message));
    const worker = new (cluster as unknown as { readonly Worker: WorkerClass }).Worker({
      id,
      process: remote,
      state: 'online',
    });
    worker.kill = (signal) => void remote.kill(signal as NodeJS.Signals);
    worker.disconnect = () => {
      remote.disconnect();
      return worker;
    };
    worker.on('message', (message: unknown, handle) => cluster.emit('message', worker, message, handle));
    this.#remotes.set(id, { worker, remote });
    cluster.workers![id] = worker;
    cluster.emit('fork', worker);
    worker.emit('online');
    cluster.emit('online', worker);
  }

  #gone(id: number, code: number | null, signal: string | null): void {
    const found = this.#remotes.get(id);
    if (found === undefined) return;
    const { worker, remote } = found;
    Object.assign(remote, { connected: false, exitCode: code, signalCode: signal });
    this.#remotes.delete(id);
    delete cluster.workers![id];
    worker.emit('disconnect');
    cluster.emit('disconnect', worker);
    worker.emit('exit', code, signal);
    cluster.emit('exit', worker, code, signal);
  }
}
