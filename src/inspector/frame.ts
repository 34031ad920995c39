/**
 * Reads and writes WebSocket frames (RFC 6455, section 5) as a client does, without input or output. Node 20 has no
 * client of its own, and the inspector speaks no other protocol. Extensions are never offered, so none are understood.
 *
 *      0               1               2               3
 *     +-+-----+-------+-+-------------+-------------------------------+
 *     |F|RSV  |opcode |M| length 7    | length 16 or 64, if 126 or 127 |
 *     +-+-----+-------+-+-------------+-------------------------------+
 *     | mask (4 octets, from client to server only)   | payload ...    |
 */
import { Gathered } from '../sockets/gathered.ts';
import { InspectorError } from './error.ts';

/** See section 11.8. */
export const opcodes = { continuation: 0x0, text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** A message of the server. */
export type Message =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'ping'; readonly payload: Buffer }
  | { readonly type: 'close' };

const FIN = 0x80;
const RESERVED = 0x70;
const OPCODE = 0x0f;
const MASKED = 0x80;
const LENGTH = 0x7f;
/** A length up to this stands in the second octet. 126 and 127 there say that 16 or 64 bits follow. */
const SHORT = 125;
const EXTENDED_16 = 126;
const EXTENDED_64 = 127;

/** The longest message, in one frame or in parts. The inspector sends none that is longer. */
const LONGEST_MESSAGE_BYTES = 256 * 1024 * 1024;

/**
 * The number of parts of one message, because even empty parts take memory. Node's inspector sends its messages whole.
 */
const MOST_PARTS = 4096;

/**
 * Encodes one whole frame.
 *
 * @param mask four octets, for a server "unpredictable" (section 5.3).
 */
export function encodeFrame(opcode: number, payload: Buffer, mask: Uint8Array): Buffer {
  const head = encodeHead(opcode, payload.length);
  const masked = Buffer.from(payload);
  for (let at = 0; at < masked.length; at++) masked[at]! ^= mask[at % 4]!;
  return Buffer.concat([head, mask, masked]);
}

function encodeHead(opcode: number, length: number): Buffer {
  if (length <= SHORT) return Buffer.from([FIN | opcode, MASKED | length]);
  if (length <= 0xffff) {
    const head = Buffer.from([FIN | opcode, MASKED | EXTENDED_16, 0, 0]);
    head.writeUInt16BE(length, 2);
    return head;
  }
  const head = Buffer.alloc(10);
  head[0] = FIN | opcode;
  head[1] = MASKED | EXTENDED_64;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly payload: Buffer;
  /** The length of the whole frame in bytes. */
  readonly size: number;
}

/** Assembles what a server sends, however it was cut. After an error the connection is of no more use. */
export class FrameReader {
  /** The beginning of a frame. */
  readonly #begun = new Gathered();
  /** The number of bytes to wait for, so that a long message is not copied again with every chunk. */
  #needed = 0;
  /** The parts of a message that is not whole, and their number. A part would keep the chunk that it came in. */
  readonly #parts = new Gathered();
  #partCount = 0;

  /**
   * Reads a chunk.
   *
   * @returns the messages that this chunk completed.
   * @throws InspectorError where a server must "_Fail the WebSocket Connection_".
   */
  read(chunk: Buffer): Message[] {
    const messages: Message[] = [];
    let bytes = this.#joined(chunk);
    while (bytes !== undefined) {
      const frame = readFrame(bytes);
      if (typeof frame === 'number') {
        this.#begun.add(bytes);
        this.#needed = frame;
        return messages;
      }
      bytes = bytes.subarray(frame.size);
      messages.push(...this.#take(frame));
    }
    return messages;
  }

  /** Returns the bytes that are there when they may be a frame. A chunk is not copied where nothing came before it. */
  #joined(chunk: Buffer): Buffer | undefined {
    if (this.#begun.length === 0) return chunk;
    this.#begun.add(chunk);
    if (this.#begun.length < this.#needed) return undefined;
    return bufferOf(this.#begun.take());
  }

  #take({ opcode, isFinal, payload }: Frame): Message[] {
    switch (opcode) {
      case opcodes.text:
      case opcodes.continuation:
        return this.#takePart(opcode === opcodes.text, isFinal, payload);
      case opcodes.close:
        return [{ type: 'close' }];
      case opcodes.ping:
        return [{ type: 'ping', payload }];
      case opcodes.pong:
        return [];
      default:
        throw broken(`opcode ${opcode}`);
    }
  }

  /**
   * Assembles a message as in section 5.4: a first part that is not final, then continuations, of which the last is
   * final.
   */
  #takePart(isFirst: boolean, isFinal: boolean, payload: Buffer): Message[] {
    if (isFirst !== (this.#partCount === 0)) throw broken('a part of no message');
    if (isFirst && isFinal) return [{ type: 'text', text: payload.toString('utf8') }];
    this.#partCount++;
    const length = this.#parts.length + payload.length;
    if (length > LONGEST_MESSAGE_BYTES || this.#partCount > MOST_PARTS) throw broken('a message without end');
    this.#parts.add(payload);
    if (!isFinal) return [];
    this.#partCount = 0;
    return [{ type: 'text', text: bufferOf(this.#parts.take()).toString('utf8') }];
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/**
 * Reads one frame.
 *
 * @returns the first frame, or how many bytes are needed to go on.
 */
function readFrame(bytes: Buffer): Frame | number {
  if (bytes.length < 2) return 2;
  const [first, second] = [bytes[0]!, bytes[1]!];
  if ((first & RESERVED) !== 0) throw broken('a reserved bit');
  // Section 5.1: "A client MUST close a connection if it detects a masked frame."
  if ((second & MASKED) !== 0) throw broken('a masked frame');
  const short = second & LENGTH;
  const start = 2 + (short === EXTENDED_16 ? 2 : short === EXTENDED_64 ? 8 : 0);
  if (bytes.length < start) return start;
  const length = short <= SHORT ? short : Number(start === 4 ? bytes.readUInt16BE(2) : bytes.readBigUInt64BE(2));
  const opcode = first & OPCODE;
  const isFinal = (first & FIN) !== 0;
  if (length > LONGEST_MESSAGE_BYTES) throw broken(`${length} bytes`);
  // Section 5.5: control frames are short and whole.
  if (opcode >= opcodes.close && (length > SHORT || !isFinal)) throw broken('a long control frame');
  const size = start + length;
  return bytes.length < size ? size : { opcode, isFinal, payload: bytes.subarray(start, size), size };
}

function broken(what: string): InspectorError {
  return new InspectorError(`its inspector does not speak WebSocket (RFC 6455): ${what}`);
}
