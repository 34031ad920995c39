import type { Socket } from 'node:net';
import { latin1 } from '../protocol/bytes.ts';
import type { Sendable } from '../message/content.ts';
import { bytesTaken, ShortCut, type AcceptedHandle } from '../node-internals/index.ts';

/** The bytes that a client may leave untaken before the next response is made, or read, for it. */
const MOST_UNSENT_BYTES = 64 * 1024;

/** Content up to this is copied into the text that is written anyway. Larger content is written beside it. */
const SMALL_BYTES = 8 * 1024;

/** The part of a response that has to be taken within `writeTimeout`. */
const UNIT_BYTES = 64 * 1024;

/** The waiting functions of all writers that have none. */
const NONE: Array<() => void> = [];

/**
 * Gathers what is to be sent as one latin1 string. So the kernel gets all responses of a pipeline, heads and bodies, in
 * one write, which Node tries at once from a buffer on the stack. UTF-8 is encoded into the string.
 */
export class Writer {
  readonly #socket: Socket;
  readonly #shortCut: ShortCut | undefined;
  readonly #onDrained: () => void;
  #text = '';
  #isBlocked = false;
  #deadline = 0;
  #taken = 0;
  /** The number of bytes that the socket was given. */
  #given = 0;
  #waiting: Array<() => void> = NONE;

  /**
   * @param handle the handle of the socket, if it may be written to past the stream
   * @param onDrained called after `isBlocked`, when the client has taken everything.
   */
  constructor(socket: Socket, handle: AcceptedHandle | undefined, onDrained: () => void) {
    this.#socket = socket;
    this.#shortCut = handle && new ShortCut(socket, handle);
    this.#onDrained = onDrained;
  }

  /** Whether the client has left more untaken than it may. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Whether the kernel has taken the last byte. */
  get isAllTaken(): boolean {
    return this.#text === '' && this.#unsent() === 0;
  }

  /** @param text a text of which every character is a byte. */
  add(text: string): void {
    this.#text += text;
    if (this.#text.length > MOST_UNSENT_BYTES) this.flush();
  }

  /** @param length the length of the content in bytes. */
  addContent(content: Sendable, length: number): void {
    if (typeof content === 'string') {
      if (length === content.length) this.add(content);
      else if (length <= SMALL_BYTES) this.add(latin1(Buffer.from(content), 0, length));
      else this.#addBytes(Buffer.from(content));
    } else if (length <= SMALL_BYTES) this.add(latin1(viewOf(content), 0, length));
    else this.#addBytes(content);
  }

  flush(): void {
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    if (this.#shortCut?.write(text) === true) {
      this.#given += text.length;
      return;
    }
    this.#write(text);
    this.#look();
  }

  /** Settles when the client has left no more untaken than it may, or the connection has closed. */
  drained(): Promise<void> {
    if (!this.#isBlocked) return Promise.resolve();
    if (this.#waiting === NONE) this.#waiting = [];
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Notes that the connection has closed. */
  closed(): void {
    this.#release();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = NONE;
    for (const resolve of waiting) resolve();
  }

  /** @returns whether the client has not taken what it had to take within `timeout` ms. */
  isStalled(now: number, timeout: number): boolean {
    if (timeout === 0 || this.#unsent() === 0) {
      this.#deadline = 0;
      return false;
    }
    const taken = this.#takenNow();
    if (this.#deadline !== 0 && taken - this.#taken < UNIT_BYTES) return now >= this.#deadline;
    this.#deadline = now + timeout;
    this.#taken = taken;
    return false;
  }

  /** Returns the number of bytes that the kernel has not taken. */
  #unsent(): number {
    return this.#socket.writableLength + (this.#shortCut?.waiting ?? 0);
  }

  #takenNow(): number {
    return bytesTaken(this.#socket) ?? this.#given - this.#unsent();
  }

  #write(text: string): void {
    this.#given += text.length;
    this.#socket.write(text, 'latin1');
  }

  #addBytes(bytes: Uint8Array): void {
    const text = this.#text;
    this.#text = '';
    this.#socket.cork();
    if (text !== '') this.#write(text);
    this.#given += bytes.length;
    this.#socket.write(bytes);
    this.#socket.uncork();
    this.#look();
  }

  #look(): void {
    // Without the last condition there is no 'drain': the stream's own mark may be higher.
    if (this.#isBlocked || this.#socket.writableLength <= MOST_UNSENT_BYTES || !this.#socket.writableNeedDrain) return;
    this.#isBlocked = true;
    this.#socket.once('drain', () => {
      this.#isBlocked = false;
      this.#release();
      this.#onDrained();
    });
  }
}

function viewOf(content: Uint8Array): Buffer {
  return Buffer.isBuffer(content) ? content : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}
