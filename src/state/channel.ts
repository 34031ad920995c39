import { randomUUID } from 'node:crypto';
import type { Engine } from './engine.ts';
import { StateError } from './error.ts';
import { decode, encode, kinds, sizeOf, type Stored } from './value.ts';

/** The largest size of a message. A larger value belongs in a cache, and its key in the message. */
const LARGEST_MESSAGE_BYTES = 1024 * 1024;

type Handler = ((event: MessageEvent) => void) | null;

/**
 * A channel over all workers with the interface of `BroadcastChannel`. Every other channel of the same name gets each
 * message, in every worker and in the same order. Unlike Node's, it does not keep the process alive unless `ref` is
 * called.
 *
 * The event `gap` says that messages may have been missed: the server was away, or this process was busy for so long
 * that old messages were removed. What depends on them should be read anew.
 */
export class Channel extends EventTarget {
  readonly name: string;
  /** Settles when the channel hears the messages of others. */
  readonly ready: Promise<void>;
  readonly #engine: Engine;
  readonly #id = randomUUID();
  readonly #onClose: (channel: Channel) => void;
  readonly #handlers: Record<'message' | 'messageerror', Handler> = { message: null, messageerror: null };
  #unsubscribe: (() => void) | undefined;
  #isClosed = false;

  /** @internal */
  constructor(engine: Engine, name: string, onClose: (channel: Channel) => void) {
    super();
    this.name = name;
    this.#engine = engine;
    this.#onClose = onClose;
    this.ready = this.#open();
    // The caller can await `ready`. A caller that does not gets the event instead.
    this.ready.catch((error: unknown) => this.#fail(error));
  }

  get onmessage(): Handler {
    return this.#handlers.message;
  }

  set onmessage(handler: Handler) {
    this.#handle('message', handler);
  }

  get onmessageerror(): Handler {
    return this.#handlers.messageerror;
  }

  set onmessageerror(handler: Handler) {
    this.#handle('messageerror', handler);
  }

  /**
   * Sends without waiting. If the store refuses the message, this channel gets a `messageerror`.
   *
   * @throws StateError `ERR_STATE_VALUE` for a message that structured clone refuses, or that is larger than 1 MB.
   */
  postMessage(message: unknown): void {
    this.#publish(this.#pack(message)).catch((error: unknown) => this.#fail(error));
  }

  /** Sends a message. The promise settles once the message is on its way to all. */
  async send(message: unknown): Promise<void> {
    await this.#publish(this.#pack(message));
  }

  /** Ends the channel: it hears and sends nothing any more. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unsubscribe?.();
    this.#onClose(this);
  }

  ref(): void {
    this.#engine.keepAlive(true);
  }

  unref(): void {
    this.#engine.keepAlive(false);
  }

  async #open(): Promise<void> {
    const onMessage = (body: Uint8Array, sender: string): void => {
      if (sender !== this.#id && !this.#isClosed) this.#receive(body);
    };
    const onGap = (): void => {
      if (!this.#isClosed) this.dispatchEvent(new Event('gap'));
    };
    const unsubscribe = await this.#engine.subscribe(`channel ${this.name}`, onMessage, onGap);
    if (this.#isClosed) unsubscribe();
    else this.#unsubscribe = unsubscribe;
  }

  #pack(message: unknown): Uint8Array {
    if (this.#isClosed) throw new StateError('ERR_STATE_CLOSED', `the channel '${this.name}' is closed`);
    const stored = encode(message, 'the message');
    if (sizeOf(stored) > LARGEST_MESSAGE_BYTES) {
      const size = sizeOf(stored);
      throw new StateError(
        'ERR_STATE_VALUE',
        `the message: expected at most ${LARGEST_MESSAGE_BYTES} bytes, got ${size}`,
      );
    }
    return pack(stored);
  }

  async #publish(body: Uint8Array): Promise<void> {
    await this.#engine.publish(`channel ${this.name}`, body, this.#id);
  }

  #receive(body: Uint8Array): void {
    try {
      const data = decode(unpack(body), 'the message');
      this.dispatchEvent(new MessageEvent('message', { data }));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.dispatchEvent(new MessageEvent('messageerror', { data: error }));
  }

  #handle(type: 'message' | 'messageerror', handler: Handler): void {
    const before = this.#handlers[type];
    if (before !== null) this.removeEventListener(type, before as (event: Event) => void);
    this.#handlers[type] = handler;
    if (handler !== null) this.addEventListener(type, handler as (event: Event) => void);
  }
}

/** Packs the kind as the first byte, then the data. */
export function pack({ kind, data }: Stored): Uint8Array {
  const bytes = typeof data === 'object' ? data : Buffer.from(String(data));
  return Buffer.concat([Uint8Array.of(kinds.indexOf(kind)), bytes]);
}

export function unpack(packed: Uint8Array): Stored {
  const kind = kinds[packed[0]!]!;
  const data = Buffer.from(packed.buffer, packed.byteOffset + 1, packed.byteLength - 1);
  if (kind === 'text') return { kind, data: data.toString() };
  return kind === 'number' ? { kind, data: Number(data.toString()) } : { kind, data };
}
