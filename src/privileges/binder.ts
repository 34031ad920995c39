import { fork, type ChildProcess } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { openChannel } from '../ipc/node-channel.ts';
import type { Bound, NativeHandle } from '../listeners/native.ts';
import {
  binderAnswerOf,
  binderRequestOf,
  isFarewell,
  type BinderAnswer,
  type BinderRequest,
  type BindQuery,
} from './binder-messages.ts';

const EACCES = -constants.errno.EACCES;

/** The program of the binder, which runs as root. */
export const program: string = fileURLToPath(new URL('../privileges/binder.cjs', import.meta.url));

/** The binder binds within a millisecond. It has failed when it does not answer within this time. */
const PATIENCE_MS = 5000;

/**
 * The binder needs some 5 MB of JavaScript heap. A primary that floods it can only end the binder, not harm the
 * machine.
 */
const FLAGS = ['--max-old-space-size=32'];

/** The channel of messages: the binder's process in the primary that started it, or `process` in a later one. */
export type Line = EventEmitter & Pick<ChildProcess, 'connected' | 'disconnect'> & { readonly send?: unknown };

type Send = (request: BinderRequest, handle: undefined, options: object, sent: () => void) => boolean;

/** The channel of the primary before this one, and a function that opens it for the line. */
export interface Inherited {
  readonly fd: number;
  /**
   * Opens the channel.
   *
   * @returns false where this Node cannot.
   */
  readonly open: (fd: number) => boolean;
}

interface Waiting {
  readonly request: BinderRequest;
  readonly answered: (answer: BinderAnswer, handle?: NativeHandle) => void;
}

/**
 * The primary's connection to the binder. The object owns the channel. The binder ends when it is told so, when the primary is gone, and
 * when no process has the channel any more.
 *
 * A primary that succeeds another one inherits the channel's descriptor. It talks through the other primary's channel
 * until that one has left. Node gives a process one channel to its parent, and the parent is the other primary for as
 * long as that lives.
 */
export class Binder {
  readonly #line: Line;
  readonly #waiting = new Map<string, Waiting>();
  readonly #onMessage = (message: unknown, handle: unknown): void => this.#receive(message, handle);
  readonly #onDisconnect = (): void => this.#disconnected();
  /** The channel to continue on when the primary before this one has left. */
  #next: Inherited | undefined;
  #ids = 0;
  #isDone = false;
  #isGone = false;
  #isClosed = false;
  #lost: () => void = () => {};

  /** Primaries use `start` and `inherit`. Tests call the constructor with lines of their own. */
  constructor(line: Line, next?: Inherited) {
    this.#line = line;
    this.#next = next;
    line.on('message', this.#onMessage).on('disconnect', this.#onDisconnect);
    // The primary before this one may be gone already.
    if (next !== undefined && !line.connected) this.#disconnected();
  }

  /**
   * Starts the binder. Only root can.
   *
   * @param ports the ports that it may bind; undefined for those of the first start.
   */
  static start(ports: readonly number[] | undefined): Binder {
    const child = fork(program, [JSON.stringify(ports ?? null), String(process.pid)], {
      cwd: '/',
      detached: true,
      env: {},
      execArgv: FLAGS,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('error', () => {});
    child.unref();
    child.channel?.unref();
    return new Binder(child);
  }

  /**
   * Connects to the binder of the primary before this one, which is this process's parent.
   *
   * @param fd the descriptor of that primary's channel.
   */
  static inherit(fd: number): Binder {
    const binder = new Binder(process, { fd, open: openChannel });
    // The other primary left before this one could talk through it.
    if (!process.connected) binder.#disconnected();
    return binder;
  }

  /** The descriptor for the primary that succeeds this one; undefined when the binder is gone. */
  get fd(): number | undefined {
    if (this.#next !== undefined) return this.#next.fd;
    const { channel } = this.#line as { channel?: { fd?: number } | null };
    return channel?.fd;
  }

  /** True when another process ended the binder. It ends by itself when no port is left that it may bind. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** The function is called once when the binder is gone. Sockets that were bound stay, and no more can be bound. */
  onLost(listener: () => void): void {
    this.#lost = listener;
  }

  /**
   * Asks the binder for a socket.
   *
   * @returns errno EACCES when the port may not be bound, for what is no address, and when the binder is gone.
   */
  bind(query: BindQuery): Promise<Bound> {
    const id = `${process.pid}-${++this.#ids}`;
    const request: BinderRequest = { binder: 'bind', id, query };
    // The binder drops what is no request. Who waits for an answer keeps others waiting.
    if (binderRequestOf(request) === undefined) return Promise.resolve({ errno: EACCES });
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answered({ binder: 'bound', id, errno: EACCES }), PATIENCE_MS);
      const answered: Waiting['answered'] = ({ errno }, handle) => {
        clearTimeout(timer);
        const { address, port, family } = query;
        resolve(errno === 0 && handle !== undefined ? { handle, address, port, family } : { errno: errno || EACCES });
      };
      this.#waiting.set(id, { request, answered });
      this.#send(request);
    });
  }

  /** From now on the binder binds only these of the ports that it may bind. */
  restrict(ports: readonly number[]): void {
    this.#send({ binder: 'restrict', ports });
  }

  /** Ends the first start: a port that was neither bound by now nor named will not be bound. */
  seal(): void {
    this.#send({ binder: 'seal' });
  }

  /** Leaves the binder to the primary that has succeeded this one. */
  leaveTo(pid: number): void {
    this.#send({ binder: 'follow', pid });
    this.close();
  }

  /** Ends the binder, also where another process has the channel as well. After `leaveTo` and `close` it does nothing. */
  end(): void {
    if (this.#isClosed) return;
    // While the channel is the primary's before this one, that primary has the binder.
    if (this.#next === undefined) this.#send({ binder: 'end' });
    this.close();
  }

  /** Closes the channel. A second call does nothing. */
  close(): void {
    this.#isClosed = true;
    this.#line.off('message', this.#onMessage).off('disconnect', this.#onDisconnect);
    this.#abandon();
    if (this.#line.connected) this.#line.disconnect();
  }

  #send(request: BinderRequest): void {
    // A request that cannot leave now is sent again when the channel continues, or is given up when the channel ends.
    if (this.#line.connected) (this.#line.send as Send).call(this.#line, request, undefined, {}, () => {});
    else if (this.#next === undefined) this.#abandon();
  }

  #receive(message: unknown, handle: unknown): void {
    if (isFarewell(message)) this.#isDone = true;
    const answer = binderAnswerOf(message);
    if (answer !== undefined) this.#answered(answer, handle as NativeHandle | undefined);
  }

  #answered(answer: BinderAnswer, handle?: NativeHandle): void {
    const waiting = this.#waiting.get(answer.id);
    // The primary before this one had asked and has left, or the answer came too late.
    if (waiting === undefined) return handle?.close();
    this.#waiting.delete(answer.id);
    waiting.answered(answer, handle);
  }

  #disconnected(): void {
    // The event belongs to the channel before, when the inherited channel is already open.
    if (this.#line.connected) return;
    const next = this.#next;
    this.#next = undefined;
    if (next?.open(next.fd) !== true) {
      this.#abandon();
      if (this.#isDone) return;
      this.#isGone = true;
      this.#lost();
      return;
    }
    // A primary that was killed has not named this one, and the binder ends without a primary that it knows.
    this.#send({ binder: 'follow', pid: process.pid });
    for (const { request } of this.#waiting.values()) this.#send(request);
  }

  #abandon(): void {
    for (const id of this.#waiting.keys()) this.#answered({ binder: 'bound', id, errno: EACCES });
  }
}
