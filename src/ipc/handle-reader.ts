import { Filled } from '../contract/filled.ts';
import { HANDLE_PREFIX, type HandleReader } from './channel.ts';
import { channelOf, type ChannelHandle } from './node-channel.ts';
import type { ReceivedHandle } from './received-handle.ts';

const NEWLINE = 10;
const PREFIX = Buffer.from(HANDLE_PREFIX);

/** The last line of a read, which may be one of ours: the read has less of it than tells. */
interface Begun {
  readonly start: Buffer;
  readonly handle: ReceivedHandle | undefined;
}

/**
 * Takes the handles of our messages out of this process's channel before Node sees them, which would keep them for a message of its
 * own. Node reads everything else, and tells our messages too. It tells all messages of one read before it reads again, so that handles
 * are taken in the order in which they came.
 *
 * The kernel ends a read with the bytes that a handle came with. So the line of a handle is the last that begins in its read.
 *
 * The object owns each handle until it is taken.
 */
export class HandlesPastNode implements HandleReader {
  /** Undefined stands for a handle that got lost on its way: the message that is without it must not get the next one's. */
  readonly #handles: Array<ReceivedHandle | undefined> = [];
  readonly #channel: ChannelHandle;
  /** The last read ended within a line. */
  #isWithinLine = false;
  #begun: Begun | undefined;

  private constructor(channel: ChannelHandle) {
    this.#channel = channel;
    const { onread } = channel;
    const filled = new Filled(channel);
    channel.onread = (bytes) => {
      if (bytes !== undefined && bytes.byteLength > 0) this.#read(bufferOf(filled.of(bytes)));
      onread.call(channel, bytes);
    };
  }

  /** @returns undefined where the channel is not of Node's making, or where handles are passed in another way. */
  static of(end: object): HandlesPastNode | undefined {
    const channel = process.platform === 'win32' ? undefined : channelOf(end);
    return channel && new HandlesPastNode(channel);
  }

  /** Undefined when the handle got lost. */
  take(): ReceivedHandle | undefined {
    return this.#handles.shift();
  }

  #read(chunk: Buffer): void {
    const nodes = this.#decide(chunk);
    const start = lastLine(chunk, this.#isWithinLine);
    this.#isWithinLine = chunk.at(-1) !== NEWLINE;
    if (start !== undefined && (isOurs(start) || mayBeOurs(start))) {
      const handle = this.#channel.pendingHandle ?? undefined;
      this.#channel.pendingHandle = null;
      if (isOurs(start)) this.#handles.push(handle);
      else this.#begun = { start: Buffer.from(start), handle };
    }
    if (nodes !== undefined) this.#channel.pendingHandle = nodes;
  }

  /** Says of a line that has begun whose it is. @returns the handle of a line of Node's own */
  #decide(chunk: Buffer): ReceivedHandle | undefined {
    if (this.#begun === undefined) return undefined;
    const { start, handle } = this.#begun;
    const line = Buffer.concat([start, chunk.subarray(0, PREFIX.length)]);
    this.#begun = undefined;
    if (isOurs(line)) this.#handles.push(handle);
    else if (mayBeOurs(line)) this.#begun = { start: line, handle };
    else return handle;
    return undefined;
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The last line that begins in a read, whole or not. Undefined when none does. */
function lastLine(chunk: Buffer, isWithinLine: boolean): Buffer | undefined {
  const end = chunk.at(-1) === NEWLINE ? chunk.length - 1 : chunk.length;
  const before = end === 0 ? -1 : chunk.lastIndexOf(NEWLINE, end - 1);
  if (before === -1) return isWithinLine ? undefined : chunk;
  return chunk.subarray(before + 1);
}

function isOurs(line: Buffer): boolean {
  return line.subarray(0, PREFIX.length).equals(PREFIX);
}

function mayBeOurs(line: Buffer): boolean {
  return line.length > 0 && line.length < PREFIX.length && PREFIX.subarray(0, line.length).equals(line);
}
