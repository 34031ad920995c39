import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { InspectorError } from './error.ts';
import { encodeFrame, FrameReader, opcodes, type Message } from './frame.ts';
import { request, type Endpoint } from './http.ts';

/** See RFC 6455, section 1.3. */
const HANDSHAKE = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * The number of bytes that may wait to be read by the server. A server that only asks and never reads is not answered
 * for ever.
 */
const LONGEST_BACKLOG_BYTES = 16 * 1024 * 1024;

export interface WebSocketEvents {
  /** Takes a message. An error that it throws ends the connection, with that error as the reason. */
  text(text: string): void;
  /** Runs once. No messages come after it, and none can be sent any more. */
  closed(reason: string): void;
}

/**
 * The client side of a WebSocket (RFC 6455), with text messages only. The object owns its TCP connection. `close`
 * starts the closing handshake, `destroy` ends it at once.
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

  /**
   * Connects and shakes hands.
   *
   * @throws InspectorError when the server does not agree (section 4.1).
   */
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

  /** Closes the WebSocket. Everything that was sent before still arrives. */
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
    if (this.#socket.writableLength > LONGEST_BACKLOG_BYTES)
      this.#socket.destroy(new Error('its inspector reads nothing'));
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
