import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new directory that is closed to others. Disposing of it removes it. */
export class Place implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'prefork-control-'));

  file(name: string): string {
    return join(this.path, name);
  }

  get names(): string[] {
    return readdirSync(this.path).toSorted();
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export function fetchOver(
  socketPath: string,
  target: string,
  {
    method = 'GET',
    body = '',
    headers = {},
  }: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, path: target, method, agent: false, headers });
    outgoing.once('error', reject).once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    outgoing.end(body);
  });
}

/** Starts a server that listens on the path and says nothing. */
export function listenOn(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    // The server takes what a client says without answering.
    const server = createServer((socket) => void socket.on('error', () => {}).resume());
    server.once('error', reject).listen(path, () => resolve(server));
  });
}

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
