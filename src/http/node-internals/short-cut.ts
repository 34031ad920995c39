import type { Socket } from 'node:net';
import { isThere } from './parts.ts';

/** Up to this Node tries a write at once from a buffer on the stack. */
const MOST = 16 * 1024;

/** libuv's handle of a socket, as Node has it. */
export interface WritableHandle {
  writeLatin1String?(request: WriteRequest | null, text: string): unknown;
}

/** Of a write, for the case that the kernel does not take all of it at once. */
interface WriteRequest {
  /** -1 while it is of no write. */
  getAsyncId(): number;
  oncomplete?(status: number): void;
  /** With `returned`: of a write that had ended before it could be listened to. */
  writeStatus?: number | null;
}

/** What Node's types do not have. */
type Internal = Socket & { readonly _handle?: WritableHandle | null };

/**
 * How Node's own streams write to a handle, learned from the first write in the process:
 *
 * - `given`, up to Node 25: they give each write a request, which is used when the kernel does not take all at once.
 * - `returned`, since Node 26: they give none, and get one in that case.
 * - `unlike`: neither. All writes go through the stream.
 */
let way: 'unknown' | 'given' | 'returned' | 'unlike' = 'unknown';
let Request: (new () => WriteRequest) | undefined;
/** Of no write. To make one takes 60 ns. */
let spare: WriteRequest | undefined;

/**
 * The way past a socket's stream, which has nothing to do for a response that the kernel takes at once, as nearly all are: 0.6 to
 * 1 µs of the 8 of a request. What the kernel leaves waits in libuv, before all that is written later by either way.
 */
export class ShortCut {
  readonly #socket: Internal;
  readonly #handle: WritableHandle;
  #waiting = 0;

  constructor(socket: Socket, handle: WritableHandle) {
    this.#socket = socket;
    this.#handle = handle;
  }

  /** Bytes written here of which the kernel has not taken the last. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The hot path. @param text of which every character is a byte. @returns false when the stream has to write it. */
  write(text: string): boolean {
    if (!this.#isOpen(text.length)) return false;
    const handle = this.#handle as Required<WritableHandle>;
    if (way === 'given') {
      const request = (spare ??= new Request!());
      const error = handle.writeLatin1String(request, text);
      if (error !== 0) this.#socket.destroy();
      else if (request.getAsyncId() !== -1) this.#await(request, text.length);
      return true;
    }
    if (way === 'returned') {
      const result = handle.writeLatin1String(null, text);
      if (typeof result === 'object') this.#await(result as WriteRequest, text.length);
      else if (result !== 0) this.#socket.destroy();
      return true;
    }
    if (way === 'unknown') learn(handle);
    return false;
  }

  /** Whether nothing is before it, and nobody hears of a write from the stream. */
  #isOpen(length: number): boolean {
    const socket = this.#socket;
    if (length > MOST || this.#waiting > 0 || socket._handle !== this.#handle) return false;
    return socket.writableLength === 0 && socket.writable && !socket.timeout;
  }

  #await(request: WriteRequest, length: number): void {
    spare = undefined;
    this.#waiting = length;
    request.oncomplete = (status) => {
      this.#waiting = 0;
      if (status !== 0) this.#socket.destroy();
    };
    if (typeof request.writeStatus === 'number') request.oncomplete(request.writeStatus);
  }
}

/** By one write of the stream, in whose place it puts itself for once. */
function learn(handle: Required<WritableHandle>): void {
  const { writeLatin1String } = handle;
  if (!isThere('TCP.writeLatin1String', typeof writeLatin1String === 'function')) {
    way = 'unlike';
    return;
  }
  handle.writeLatin1String = (request, text) => {
    delete (handle as WritableHandle).writeLatin1String;
    const result = writeLatin1String.call(handle, request, text);
    way = wayOf(request, result);
    isThere('TCP.writeLatin1String', way !== 'unlike');
    return result;
  };
}

function wayOf(request: WriteRequest | null, result: unknown): typeof way {
  if (request === null) return typeof result === 'number' || isRequest(result) ? 'returned' : 'unlike';
  if (!isRequest(request) || typeof result !== 'number') return 'unlike';
  Request = request.constructor as new () => WriteRequest;
  return new Request().getAsyncId() === -1 ? 'given' : 'unlike';
}

function isRequest(value: unknown): value is WriteRequest {
  return typeof value === 'object' && value !== null && typeof (value as WriteRequest).getAsyncId === 'function';
}
