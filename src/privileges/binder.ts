import childProcess, { fork, type ChildProcess } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Bound, NativeHandle } from '../listeners/native.ts';
import {
  binderAnswerOf,
  isFarewell,
  type BinderAnswer,
  type BinderRequest,
  type BindQuery,
} from './binder-messages.ts';

const EACCES = -constants.errno.EACCES;

/** What the binder runs: root's. */
export const program: string = fileURLToPath(new URL('../privileges/binder.cjs', import.meta.url));

/** The binder binds within a millisecond; one that has not answered by then is stopped, ms. */
const PATIENCE_MS = 5000;

/** The binder needs some 5 MB of JavaScript's heap; a primary that floods it ends it, and not the machine. */
const FLAGS = ['--max-old-space-size=32'];

/** What carries the messages: the binder's process seen from the primary that started it, or `process` in a later one. */
export type Line = EventEmitter & Pick<ChildProcess, 'connected' | 'disconnect'> & { readonly send?: unknown };

type Send = (request: BinderRequest, handle: undefined, options: object, sent: () => void) => boolean;

/** Of Node's child_process, what makes a descriptor that was inherited the channel of this process. The same in Node 8 to 26. */
const { _forkChild: openChannel } = childProcess as unknown as {
  _forkChild?: (fd: number, serialization: 'json' | 'advanced') => void;
};

/** The channel of the primary before this one, and how it is made the line's. */
export interface Inherited {
  readonly fd: number;
  /** @returns false where this Node cannot. */
  readonly open: (fd: number) => boolean;
}

interface Waiting {
  readonly request: BinderRequest;
  readonly settle: (answer: BinderAnswer, handle?: NativeHandle) => void;
}

/**
 * The primary's line to the binder. Owns the channel; when the last primary has closed it, the binder ends.
 *
 * A primary that succeeds another one inherits the channel's descriptor, and talks through the other one's until that has
 * left: Node gives a process one channel to its parent, which is the other primary for as long as it lives.
 */
export class Binder {
  readonly #line: Line;
  readonly #waiting = new Map<string, Waiting>();
  readonly #onMessage = (message: unknown, handle: unknown): void => this.#receive(message, handle);
  readonly #onDisconnect = (): void => this.#disconnected();
  /** Where the channel goes on when the primary before this one has left. */
  #next: Inherited | undefined;
  #ids = 0;
  #isDone = false;
  #isGone = false;
  #lost: () => void = () => {};

  /** `start` and `inherit` are for primaries; tests have lines of their own. */
  constructor(line: Line, next?: Inherited) {
    this.#line = line;
    this.#next = next;
    line.on('message', this.#onMessage).on('disconnect', this.#onDisconnect);
    // The primary before this one may be gone already.
    if (next !== undefined && !line.connected) this.#disconnected();
  }

  /** Starts it. Only root can. @param ports those that it may bind; undefined: those of the first start. */
  static start(ports: readonly number[] | undefined): Binder {
    const child = fork(program, [JSON.stringify(ports ?? null)], {
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

  /** @param fd the descriptor of the channel of the primary before this one, which is this process's parent. */
  static inherit(fd: number): Binder {
    const binder = new Binder(process, { fd, open: reopenChannel });
    // That one left before it could be talked through.
    if (!process.connected) binder.#disconnected();
    return binder;
  }

  /** For the primary that succeeds this one; undefined when the binder is gone. */
  get fd(): number | undefined {
    if (this.#next !== undefined) return this.#next.fd;
    const { channel } = this.#line as { channel?: { fd?: number } | null };
    return channel?.fd;
  }

  /** It was ended by others. Not when it has ended itself, as there was no port left that it might bind. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Is told once when there is no binder any more: sockets that were bound stay, and no others can be. */
  set onLost(lost: () => void) {
    this.#lost = lost;
  }

  /** @returns errno EACCES when the port is none that may be bound, and when there is no binder any more. */
  bind(query: BindQuery): Promise<Bound> {
    const id = `${process.pid}-${++this.#ids}`;
    const request: BinderRequest = { binder: 'bind', id, query };
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle({ binder: 'bound', id, errno: EACCES }), PATIENCE_MS);
      const settle: Waiting['settle'] = ({ errno }, handle) => {
        clearTimeout(timer);
        const { address, port, family } = query;
        resolve(errno === 0 && handle !== undefined ? { handle, address, port, family } : { errno: errno || EACCES });
      };
      this.#waiting.set(id, { request, settle });
      this.#send(request);
    });
  }

  /** Of the ports that the binder may bind, it binds only these from now on. */
  restrict(ports: readonly number[]): void {
    this.#send({ binder: 'restrict', ports });
  }

  /** The first start is over: what was not bound by now, and was not named, will not be. */
  seal(): void {
    this.#send({ binder: 'seal' });
  }

  /** Idempotent. A primary that succeeds this one keeps the binder. */
  close(): void {
    this.#line.off('message', this.#onMessage).off('disconnect', this.#onDisconnect);
    this.#abandon();
    if (this.#line.connected) this.#line.disconnect();
  }

  #send(request: BinderRequest): void {
    // What cannot leave now is sent again when the channel goes on, or is given up when it ends.
    if (this.#line.connected) (this.#line.send as Send).call(this.#line, request, undefined, {}, () => {});
    else if (this.#next === undefined) this.#abandon();
  }

  #receive(message: unknown, handle: unknown): void {
    if (isFarewell(message)) this.#isDone = true;
    const answer = binderAnswerOf(message);
    if (answer !== undefined) this.#settle(answer, handle as NativeHandle | undefined);
  }

  #settle(answer: BinderAnswer, handle?: NativeHandle): void {
    const waiting = this.#waiting.get(answer.id);
    // The primary before this one had asked, and has left; or the patience was over.
    if (waiting === undefined) return handle?.close();
    this.#waiting.delete(answer.id);
    waiting.settle(answer, handle);
  }

  #disconnected(): void {
    // Of the channel before, when the one that was inherited is open by now.
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
    for (const { request } of this.#waiting.values()) this.#send(request);
  }

  #abandon(): void {
    for (const id of this.#waiting.keys()) this.#settle({ binder: 'bound', id, errno: EACCES });
  }
}

function reopenChannel(fd: number): boolean {
  if (openChannel === undefined) return false;
  // Those of the channel that has ended would read the new one's messages too.
  process.removeAllListeners('internalMessage');
  openChannel(fd, 'json');
  process.channel?.unref();
  return true;
}
