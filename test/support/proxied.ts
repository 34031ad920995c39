/** Clients of a server that trusts this machine as a proxy: each connection begins with a header of PROXY protocol. */
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';

const REQUEST = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n';

export interface Visit {
  readonly port: number;
  readonly header: Buffer;
  /** What the client says. @default a request of HTTP/1 */
  readonly says?: string;
  readonly tls?: boolean;
  /** Sends the header in so many pieces, and what follows with the last of them. @default 1 */
  readonly pieces?: number;
}

/** Connects, sends the header and what the client says, and reads to the end. */
export async function visit({ port, header, says = REQUEST, tls = false, pieces = 1 }: Visit): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const ended = endOf(socket);
  const size = Math.ceil(header.length / pieces);
  let sent = 0;
  for (; sent + size < header.length; sent += size) {
    socket.write(header.subarray(sent, sent + size));
    await delay(2);
  }
  const rest = header.subarray(sent);
  if (!tls) {
    socket.write(Buffer.concat([rest, Buffer.from(says)]));
    return ended;
  }
  socket.write(rest);
  const encrypted = connectTls({ socket, rejectUnauthorized: false });
  encrypted.write(says);
  return endOf(encrypted);
}

/** Asks over HTTP/2. */
export function visitHttp2({ port, header, tls = false }: Visit): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.write(header);
  const below = tls ? connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: ['h2'] }) : socket;
  const session = connectHttp2(`${tls ? 'https' : 'http'}://localhost:${port}`, { createConnection: () => below });
  const stream = session.request({ ':path': '/' });
  return new Promise<string>((resolve, reject) => {
    let text = '';
    session.once('error', reject);
    stream
      .setEncoding('utf8')
      .on('data', (piece: string) => void (text += piece))
      .once('error', reject)
      .once('end', () => resolve(text));
  }).finally(() => session.close());
}

/** What comes until the connection closes. A reset is an end too. */
export function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    if (socket.destroyed) return resolve(text);
    socket.setEncoding('utf8').on('data', (piece: string) => void (text += piece));
    socket.on('error', () => {}).once('close', () => resolve(text));
  });
}
