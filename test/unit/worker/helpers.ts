import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Requests } from '../../../src/worker/draining/requests.ts';

/** The bytes of one request. */
export function get(path = '/'): string {
  return `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
}

/** Counts until the test ends. */
export function count(t: TestContext): Requests {
  const requests = new Requests();
  t.after(() => requests.close());
  return requests;
}

/** Listens until the test ends, and then closes all connections too. */
export async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** A bare client: the test says what it sends and when it goes away. */
export class Client {
  readonly socket: Socket;
  /** All that the client has received. */
  text = '';

  constructor(t: TestContext, port: number, { tls = false } = {}) {
    this.socket = tls ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect(port, '127.0.0.1');
    this.socket.setEncoding('latin1').on('data', (text: string) => void (this.text += text));
    this.socket.on('error', () => undefined);
    t.after(() => this.socket.destroy());
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Settles when what was received matches. */
  async received(pattern: RegExp): Promise<void> {
    const ended = this.closed();
    while (!pattern.test(this.text)) {
      if (this.socket.closed) throw new Error(`closed after ${JSON.stringify(this.text)}`);
      await Promise.race([new Promise((resolve) => this.socket.once('data', resolve)), ended]);
    }
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await closing(this.socket);
  }
}

/** A server that leaves the answers to the test. */
export class PatientServer {
  readonly responses: ServerResponse[] = [];
  readonly server: Server = createServer((_request, response) => {
    response.on('error', () => undefined);
    this.responses.push(response);
  });

  async listen(t: TestContext): Promise<number> {
    return listen(t, this.server);
  }

  /** Settles when that many requests have come. */
  async asked(times: number): Promise<void> {
    while (this.responses.length < times) await once(this.server, 'request');
  }
}

/** Looks again and again, for 5 s at most. @returns the value seen last: the expected one, unless it never came */
export async function seenAtLast<Value>(expected: Value, look: () => Value): Promise<Value> {
  const deadline = performance.now() + 5000;
  while (look() !== expected && performance.now() < deadline) await delay(5);
  return look();
}

/** Settles when that socket or session says that it is closed, with an error or without. It must not have closed before. */
export async function closing(emitter: { once(event: 'close', listener: () => void): unknown }): Promise<void> {
  await new Promise<void>((resolve) => emitter.once('close', resolve));
}
