import type { ChildProcess } from 'node:child_process';
import type { EventEmitter } from 'node:events';

/**
 * Node delivers messages whose `cmd` starts with NODE_ as 'internalMessage', as it does node:cluster's own, so the
 * application's `process.on('message')` and the primary's `cluster.on('message')` never see ours.
 */
export const COMMAND = 'NODE_PREFORK';

interface Envelope {
  readonly cmd: typeof COMMAND;
  readonly body: unknown;
}

/** One end of the channel between the primary and a worker: the `ChildProcess` there, `process` here. */
export type ChannelEnd = EventEmitter & Pick<ChildProcess, 'connected'> & { send?: unknown };

/** A native handle to send along; the sender's copy stays open. */
export type SentHandle = object;

/**
 * Typed messages over a child's IPC channel. Owns nothing but its listener: the channel belongs to the process, and
 * `close` only stops listening.
 */
export class Channel<Out> {
  readonly #end: ChannelEnd;
  readonly #listener: (message: unknown, handle?: unknown) => void;

  /** @param receive gets each message's body, not yet checked, and the handle that came with it. */
  constructor(end: ChannelEnd, receive: (body: unknown, handle: unknown) => void) {
    this.#end = end;
    this.#listener = (message, handle) => {
      if (isEnvelope(message)) receive(message.body, handle);
    };
    end.on('internalMessage', this.#listener);
  }

  /**
   * Sends without waiting. A channel that closed meanwhile is no error: the exit of the process at its other end is
   * what its owner hears of next, and acts on.
   *
   * @param written is called when the message has left, or, with an error, when it never will.
   * @returns false when the message certainly did not leave; then `written` is not called.
   */
  send(body: Out, handle?: SentHandle, written: (error: Error | null) => void = ignore): boolean {
    if (!this.#end.connected) return false;
    const envelope: Envelope = { cmd: COMMAND, body };
    const send = this.#end.send as (
      message: unknown,
      handle: unknown,
      options: object,
      done: typeof written,
    ) => boolean;
    send.call(this.#end, envelope, handle, {}, written);
    return true;
  }

  close(): void {
    this.#end.off('internalMessage', this.#listener);
  }
}

/** Whether it is one of ours; its body is not yet checked. */
export function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && (message as Partial<Envelope>).cmd === COMMAND;
}

/** With a callback, a failed write is reported to it instead of being thrown as an 'error' event. */
function ignore(): void {}
