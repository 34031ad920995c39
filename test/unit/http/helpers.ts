import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { Server, type ServerOptions } from '../../../src/http.ts';
import { Client } from '../worker/helpers.ts';

export { Client, closing } from '../worker/helpers.ts';

/** Keeps what a server under test has logged. */
export class Log {
  readonly errors: unknown[][] = [];
  error = (...words: unknown[]): void => void this.errors.push(words);
}

export interface Served {
  readonly server: Server;
  readonly port: number;
  readonly log: Log;
  /** Opens a new connection. */
  client(): Client;
}

/** Serves until the test ends. */
export async function serve(t: TestContext, options: ServerOptions): Promise<Served> {
  const log = new Log();
  const server = new Server({ logger: log, ...options });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { server, port, log, client: () => new Client(t, port, { tls: options.tls !== undefined }) };
}

/** Returns the bytes of a request. */
export function request(line: string, fields: Readonly<Record<string, string>> = {}, body = ''): string {
  const all = { Host: 'test', ...(body !== '' && { 'Content-Length': String(body.length) }), ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** Returns a response without the fields that every response has. */
export function essence(text: string): string {
  return text.replaceAll(/(?:Server|Date): .*\r\n/g, '').replaceAll('\r\n', '\n');
}

/** Does what `Promise.withResolvers` does, which Node 20 lacks. */
export function resolvers<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((settle) => (resolve = settle));
  return { promise, resolve };
}
