import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { InspectorError } from './error.ts';
import { encodeFrame, FrameReader, opcodes, type Message } from './frame.ts';
import { request, type Endpoint } from './http.ts';

/** RFC 6455, section 1.3. */
const HANDSHAKE = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Bytes that wait to be read there: one that only asks, and never reads the answers, is not answered for ever. */
const LONGEST_BACKLOG = 16 * 1024 * 1024;

export interface WebSocketEvents {
  /** What it throws ends the connection, with that as the reason. */
  text(text: string): void;
  /** Once. Nothing comes after it, and nothing can be sent any more. */
  closed(reason: string): void;
}

/**
 * A WebSocket as a client (RFC 6455), of text messages only. Owns its TCP connection; `close` is the closing handshake,
 * `destroy` ends it at once.
 */
export class WebSocket {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #events: WebSocketEvents;
  #reason = 'its inspector hung up';

  private constructor(socket: Socket, rest: Buffer, events: WebSocketEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('error', (error) => (this.#reason = error.message));
    socket.once('close', () => events.closed(this.#reason));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    if (rest.length > 0) this.#read(rest);
    socket.resume();
  }

  /** @throws InspectorError when the server does not agree (section 4.1). */
  static async connect(
    endpoint: Endpoint,
    path: string,
    events: WebSocketEvents,
    signal: AbortSignal,
  ): Promise<WebSocket> {
    const key = randomBytes(16).toString('base64');
    const headers = {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Version': '13',
    };
    const { socket, response } = await request(endpoint, path, headers, signal);
    const accept = createHash('sha1')
      .update(key + HANDSHAKE)
      .digest('base64');
    if (response.status !== 101 || response.headers.get('sec-websocket-accept') !== accept) {
      socket.destroy();
      throw new InspectorError(`its inspector did not open a WebSocket: ${response.status}`);
    }
    return new WebSocket(socket, response.rest, events);
  }

  send(text: string): void {
    this.#write(opcodes.text, Buffer.from(text));
  }

  /** All that was sent before still arrives. */
  close(): void {
    this.#write(opcodes.close, Buffer.alloc(0));
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #write(opcode: number, payload: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(encodeFrame(opcode, payload, randomBytes(4)));
    if (this.#socket.writableLength > LONGEST_BACKLOG) this.#socket.destroy(new Error('its inspector reads nothing'));
  }

  #read(chunk: Buffer): void {
    try {
      for (const message of this.#reader.read(chunk)) {
        if (this.#socket.destroyed) return;
        this.#take(message);
      }
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'text':
        this.#events.text(message.text);
        return;
      case 'ping':
        this.#write(opcodes.pong, message.payload);
        return;
      case 'close':
        this.close();
    }
  }
}
