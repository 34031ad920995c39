import type { ChildProcess } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { canWriteHandles, channelOf, watchWrites, writeHandle, type ChannelHandle } from './node-channel.ts';

/**
 * The `cmd` of our messages. Node delivers messages whose `cmd` starts with NODE_ as 'internalMessage', like those of
 * node:cluster. So the application's `process.on('message')` and the primary's `cluster.on('message')` never see ours.
 */
export const COMMAND = 'NODE_PREFORK';

interface Envelope {
  readonly cmd: typeof COMMAND;
  readonly body?: unknown;
  /** Several messages in the place of one. */
  readonly bodies?: readonly unknown[];
  /** A handle comes with the message, past Node's own way. */
  readonly handle?: true;
  /** Says that the sender reads such messages. There is no body. */
  readonly reads?: 'handles';
  /** Says at the same time that the sender answers `prove`. */
  readonly proves?: true;
}

/** How a line begins with which a handle comes past Node's own way. */
export const HANDLE_PREFIX: string = `{"cmd":"${COMMAND}","handle":true,`;

/** Reads handles that come past Node's own way. */
export interface HandleReader {
  /** Takes the handle of the message that is being told. Where this is missing, the message is told with its handle. */
  take?(): unknown;
}

/**
 * An end of the channel between the primary and a worker: the `ChildProcess` in the primary, `process` in the worker.
 */
export type ChannelEnd = EventEmitter & Pick<ChildProcess, 'connected'> & { send?: unknown };

/** A native handle that goes with a message. The sender's copy stays open. */
export type SentHandle = object;

/**
 * How long a message may wait for others that go with it, ms. Each write wakes the other process, which costs both more than the
 * message does.
 */
const SOON_MS = 2;

/** How many messages may go in the place of one: those of a line are delivered without a turn of the event loop in between. */
export const MOST_BODIES = 256;

/** A message that waits for others. */
interface Waiting {
  readonly body: unknown;
  readonly written: Written;
}

type Written = (error: Error | null) => void;

/**
 * Typed messages over a child's IPC channel. The object owns nothing but its listener: the channel belongs to the
 * process, and `close` only stops listening.
 *
 * Node passes one handle at a time, and waits for its acknowledgement with everything that is sent after it. `sendPast` does without,
 * where both ends can: the message is written with the handle, and nothing is acknowledged. An end that reads such messages says
 * so when it begins, before anything else.
 */
export class Channel<Out> {
  readonly #end: ChannelEnd;
  readonly #listener: (message: unknown, handle?: unknown) => void;
  readonly #native: ChannelHandle | undefined;
  #otherReadsHandles = false;
  #otherProves = false;
  #waiting: Waiting[] = [];
  /** What `sendPast` and `sendBehind` were given since `holdHandles`. Undefined while it is sent at once. */
  #held: Array<readonly [body: Out, handle: SentHandle | undefined]> | undefined;
  #flushedAt = -Infinity;

  /**
   * Starts to listen.
   *
   * @param receive gets each message's body, unchecked, and the handle that came with it.
   * @param reader undefined where handles that come past Node's own way cannot be read
   */
  constructor(end: ChannelEnd, receive: (body: unknown, handle: unknown) => void, reader?: HandleReader) {
    this.#end = end;
    this.#native = channelOf(end);
    this.#listener = (message, handle) => {
      if (!isEnvelope(message)) return;
      if (message.reads === 'handles') {
        this.#otherReadsHandles = true;
        this.#otherProves = message.proves === true;
      } else if (Array.isArray(message.bodies)) for (const body of message.bodies) receive(body, undefined);
      else receive(message.body, message.handle === true ? (handle ?? reader?.take?.()) : handle);
    };
    end.on('internalMessage', this.#listener);
    if (this.#native !== undefined) watchWrites(this.#native);
    if (this.#native === undefined || reader === undefined) return;
    this.#write({ cmd: COMMAND, reads: 'handles', proves: true }, ignore);
  }

  /** Whether the other process has said that it answers `prove`. One of an older version does not. */
  get otherProves(): boolean {
    return this.#otherProves;
  }

  /**
   * Sends a message without waiting. A channel that closed meanwhile is not an error: its owner hears of the exit of
   * the other process next, and acts on that.
   *
   * @param written is called when the message has left, or with an error when it never will.
   * @returns false when the message certainly did not leave; `written` is not called then.
   */
  send(body: Out, handle?: SentHandle, written: Written = ignore): boolean {
    if (!this.#end.connected) return false;
    this.#flush();
    this.#write({ cmd: COMMAND, body }, written, handle);
    return true;
  }

  /**
   * Sends a message with a handle past Node's own way, where both ends can. A handle that got lost is not sent again: the receiver
   * gets the message without it, and has to answer that. The message may overtake those that wait for an acknowledgement.
   *
   * @returns false when the message certainly did not leave.
   */
  sendPast(body: Out, handle: SentHandle): boolean {
    if (this.#held !== undefined) return this.#hold(body, handle);
    return this.#sendPast(body, handle);
  }

  /**
   * Sends a message with this very end of the channel as its handle, also while handles are held. It is the one handle that is always
   * there. The receiver can do nothing with it but close its copy.
   *
   * @param otherwise is sent where the kernel does not take the handle: a user may have only so many on their way (ETOOMANYREFS).
   */
  sendEnd(body: Out, otherwise: Out): void {
    const fail = (): void => void this.send(otherwise);
    if (this.#native === undefined) fail();
    else if (!this.#sendPast(body, this.#native, (error) => error && fail())) fail();
  }

  /** @param written is called only where the message goes past Node's own way. */
  #sendPast(body: Out, handle: SentHandle, written?: Written): boolean {
    const native = this.#native;
    if (!this.#otherReadsHandles || native === undefined || !canWriteHandles(native)) return this.send(body, handle);
    if (!this.#end.connected) return false;
    this.#flush();
    const envelope: Envelope = { cmd: COMMAND, handle: true, body };
    return writeHandle(native, `${JSON.stringify(envelope)}\n`, handle, written);
  }

  /** Sends a message without a handle, and behind all that `sendPast` was given before: it is about one of these. */
  sendBehind(body: Out): boolean {
    return this.#held === undefined ? this.send(body) : this.#hold(body, undefined);
  }

  /** From now on `sendPast` sends nothing until `releaseHandles`. */
  holdHandles(): void {
    this.#held ??= [];
  }

  /** Sends what was held. A message that does not leave now is one that got lost. */
  releaseHandles(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const [body, handle] of held) {
      if (handle === undefined) this.send(body);
      else this.sendPast(body, handle);
    }
  }

  #hold(body: Out, handle: SentHandle | undefined): boolean {
    if (!this.#end.connected) return false;
    this.#held!.push([body, handle]);
    return true;
  }

  /**
   * Sends a message as `send` does, in one write with others: at the end of this turn of the event loop, or within 2 ms where such
   * messages come one after another. The order of messages stays.
   */
  sendSoon(body: Out, written: Written = ignore): boolean {
    if (!this.#end.connected) return false;
    if (this.#waiting.push({ body, written }) > 1) return true;
    if (performance.now() - this.#flushedAt > SOON_MS) setImmediate(() => this.#flush());
    else setTimeout(() => this.#flush(), SOON_MS);
    return true;
  }

  close(): void {
    this.#end.off('internalMessage', this.#listener);
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#flushedAt = performance.now();
    if (!this.#end.connected) return;
    // An end of an older version, which still runs after the package was replaced, reads them one by one.
    if (!this.#otherReadsHandles || waiting.length === 1) {
      for (const { body, written } of waiting) this.#write({ cmd: COMMAND, body }, written);
      return;
    }
    for (let at = 0; at < waiting.length; at += MOST_BODIES) {
      const part = waiting.slice(at, at + MOST_BODIES);
      this.#write({ cmd: COMMAND, bodies: part.map(({ body }) => body) }, (error) => {
        for (const { written } of part) written(error);
      });
    }
  }

  #write(envelope: Envelope, written: Written, handle?: SentHandle): void {
    const send = this.#end.send as (
      message: unknown,
      handle: unknown,
      options: object,
      done: typeof written,
    ) => boolean;
    send.call(this.#end, envelope, handle, {}, written);
  }
}

/** Tells whether a message is one of ours. Its body is not checked yet. */
export function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && (message as Partial<Envelope>).cmd === COMMAND;
}

/** Tells whether the receiver passes a handle of this message on. One that comes with any other message would stay open for ever. */
export function carriesHandle({ body, bodies, reads }: Readonly<Partial<Record<keyof Envelope, unknown>>>): boolean {
  return body !== undefined && bodies === undefined && reads === undefined;
}

/** With this callback, a failed write is reported here instead of being thrown as an 'error' event. */
function ignore(): void {}
