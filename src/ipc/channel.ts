import type { ChildProcess } from 'node:child_process';
import type { EventEmitter } from 'node:events';

/**
 * The `cmd` of our messages. Node delivers messages whose `cmd` starts with NODE_ as 'internalMessage', like those of
 * node:cluster. So the application's `process.on('message')` and the primary's `cluster.on('message')` never see ours.
 */
export const COMMAND = 'NODE_PREFORK';

interface Envelope {
  readonly cmd: typeof COMMAND;
  readonly body: unknown;
}

/**
 * An end of the channel between the primary and a worker: the `ChildProcess` in the primary, `process` in the worker.
 */
export type ChannelEnd = EventEmitter & Pick<ChildProcess, 'connected'> & { send?: unknown };

/** A native handle that goes with a message. The sender's copy stays open. */
export type SentHandle = object;

/**
 * Typed messages over a child's IPC channel. The object owns nothing but its listener: the channel belongs to the
 * process, and `close` only stops listening.
 */
export class Channel<Out> {
  readonly #end: ChannelEnd;
  readonly #listener: (message: unknown, handle?: unknown) => void;

  /**
   * Starts to listen.
   *
   * @param receive gets each message's body, unchecked, and the handle that came with it.
   */
  constructor(end: ChannelEnd, receive: (body: unknown, handle: unknown) => void) {
    this.#end = end;
    this.#listener = (message, handle) => {
      if (isEnvelope(message)) receive(message.body, handle);
    };
    end.on('internalMessage', this.#listener);
  }

  /**
   * Sends a message without waiting. A channel that closed meanwhile is not an error: its owner hears of the exit of
   * the other process next, and acts on that.
   *
   * @param written is called when the message has left, or with an error when it never will.
   * @returns false when the message certainly did not leave; `written` is not called then.
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

/** Tells whether a message is one of ours. Its body is not checked yet. */
export function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && (message as Partial<Envelope>).cmd === COMMAND;
}

/** With this callback, a failed write is reported here instead of being thrown as an 'error' event. */
function ignore(): void {}
