import type { Socket } from 'node:net';
import { latin1 } from '../protocol/bytes.ts';
import type { Sendable } from '../message/content.ts';
import { bytesTaken, ShortCut, type AcceptedHandle } from '../node-internals/index.ts';

/** What a client may leave untaken before the next is made, or read, for it. */
const MOST_UNSENT = 64 * 1024;

/** Bytes up to this are copied into the text that is written anyway; more are written beside it. */
const SMALL = 8 * 1024;

/** Each of these has to be taken within `writeTimeout`. */
const UNIT = 64 * 1024;

/**
 * What is to be sent, gathered as one latin1 string: the kernel gets all responses of a pipeline, heads and bodies, in one
 * write, which Node tries at once from a buffer on the stack. UTF-8 is encoded into it.
 */
export class Writer {
  readonly #socket: Socket;
  readonly #shortCut: ShortCut | undefined;
  readonly #onDrained: () => void;
  #text = '';
  #isBlocked = false;
  #deadline = 0;
  #taken = 0;
  /** Bytes that the socket was given. */
  #given = 0;

  /**
   * @param handle of the socket, if it may be written to past the stream
   * @param onDrained after `isBlocked`: the client has taken everything.
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
    return this.#text === '' && this.#waiting() === 0;
  }

  /** @param text of which every character is a byte. */
  add(text: string): void {
    this.#text += text;
    if (this.#text.length > MOST_UNSENT) this.flush();
  }

  /** @param length of the content in bytes. */
  addContent(content: Sendable, length: number): void {
    if (typeof content === 'string') {
      if (length === content.length) this.add(content);
      else if (length <= SMALL) this.add(latin1(Buffer.from(content), 0, length));
      else this.#addBytes(Buffer.from(content));
    } else if (length <= SMALL) this.add(latin1(viewOf(content), 0, length));
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

  /** @returns whether the client has not taken what it had to within `timeout` ms. */
  isStalled(now: number, timeout: number): boolean {
    if (timeout === 0 || this.#waiting() === 0) {
      this.#deadline = 0;
      return false;
    }
    const taken = this.#takenNow();
    if (this.#deadline !== 0 && taken - this.#taken < UNIT) return now >= this.#deadline;
    this.#deadline = now + timeout;
    this.#taken = taken;
    return false;
  }

  /** Bytes that the kernel has not taken. */
  #waiting(): number {
    return this.#socket.writableLength + (this.#shortCut?.waiting ?? 0);
  }

  #takenNow(): number {
    return bytesTaken(this.#socket) ?? this.#given - this.#waiting();
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
    // Without the second there is no 'drain': the stream's own mark may be higher.
    if (this.#isBlocked || this.#socket.writableLength <= MOST_UNSENT || !this.#socket.writableNeedDrain) return;
    this.#isBlocked = true;
    this.#socket.once('drain', () => {
      this.#isBlocked = false;
      this.#onDrained();
    });
  }
}

function viewOf(content: Uint8Array): Buffer {
  return Buffer.isBuffer(content) ? content : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}
