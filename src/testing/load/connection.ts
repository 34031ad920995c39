import type { Socket } from 'node:net';
import { AnswerReader, type Http1Answer } from './answer.ts';
import { Deadline } from './deadline.ts';
import { Lost, lossOf } from './loss.ts';
import type { Sent } from './request.ts';
import { open, type ConnectionEvents, type ConnectionHistory, type Route } from './route.ts';
import { messageOf } from '../../contract/message-of.ts';

interface Asked {
  readonly reader: AnswerReader;
  readonly resolve: (answer: Http1Answer) => void;
  readonly reject: (lost: Lost) => void;
}

/** An HTTP/1 connection with one request at a time. The object owns its socket, and `end` destroys it. */
export class Connection {
  readonly #socket: Socket;
  readonly #openedAt = performance.now();
  readonly #deadline: Deadline;
  readonly #events: ConnectionEvents;
  #requests = 0;
  #localPort: number | undefined;
  #asked: Asked | undefined;
  #isOver = false;

  constructor(route: Route, events: ConnectionEvents) {
    this.#events = events;
    this.#socket = open(route, 'http/1.1');
    events.opened();
    this.#socket.once('connect', () => (this.#localPort = this.#socket.localPort));
    this.#socket.on('data', (bytes) => this.#arrived(bytes));
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('close', () => this.#ended());
    this.#socket.on('error', (error) => this.#fail(lossOf(error, this.#asked?.reader.hasStarted ?? false)));
    this.#deadline = new Deadline(route.timeout, () => {
      if (this.#asked !== undefined) this.#fail(new Lost('timeout', `no whole answer within ${route.timeout} ms`));
    });
  }

  /** True when the server has closed the connection, or it broke. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get history(): ConnectionHistory {
    return { age: performance.now() - this.#openedAt, requests: this.#requests, localPort: this.#localPort };
  }

  /** Sends the request and waits for its answer. The promise rejects with Lost. */
  ask(sent: Sent, closes: boolean): Promise<Http1Answer> {
    return new Promise((resolve, reject) => {
      this.#requests++;
      this.#asked = { reader: new AnswerReader(sent.method), resolve, reject };
      this.#deadline.restart();
      this.#socket.write(toBytes(sent, closes));
    });
  }

  end(): void {
    this.#isOver = true;
    this.#deadline.close();
    this.#socket.destroy();
  }

  #arrived(bytes: Buffer): void {
    // No request is open. A server that speaks now is about to close, as with 408 Request Timeout.
    if (this.#asked === undefined) return this.#ended();
    try {
      const answer = this.#asked.reader.push(bytes);
      if (answer !== undefined) this.#answered(answer);
    } catch (error) {
      this.#fail(new Lost('wrong', messageOf(error)));
    }
  }

  #ended(): void {
    const reader = this.#asked?.reader;
    const answer = reader?.end();
    if (answer !== undefined) return this.#answered(answer);
    const how = reader?.hasStarted === true ? 'cut' : 'closed';
    this.#fail(new Lost(how, 'the server closed the connection'));
  }

  #answered(answer: Http1Answer): void {
    const asked = this.#asked!;
    this.#asked = undefined;
    asked.resolve(answer);
  }

  #fail(lost: Lost): void {
    if (this.#isOver) return;
    const asked = this.#asked;
    this.#asked = undefined;
    this.end();
    if (asked === undefined) this.#events.closedIdle();
    else asked.reject(lost);
  }
}

function toBytes({ method, path, headers, body }: Sent, closes: boolean): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`];
  if (!Object.keys(headers).some((name) => name.toLowerCase() === 'host')) lines.push('Host: localhost');
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (closes) lines.push('Connection: close');
  if (body.length > 0 || method === 'POST' || method === 'PUT') lines.push(`Content-Length: ${body.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}
