/** What clients send that mean harm, or leave in the middle. It may cost them their own connection, and no other. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

interface Attack {
  readonly opening: string;
  /** What follows the first answer. */
  readonly behind?: Buffer;
}

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n';

/** A header of a masked text whose length is in 8 bytes. */
const longFrame = (length: bigint): Buffer => {
  const bytes = Buffer.from('81ff000000000000000000000000', 'hex');
  bytes.writeBigUInt64BE(length, 2);
  return bytes;
};

const attacks: readonly Attack[] = [
  // Reserved bits of a WebSocket's frame.
  { opening: UPGRADE, behind: Buffer.from('ff8000000000', 'hex') },
  // No mask, no such kind of frame, no such UTF-8.
  { opening: UPGRADE, behind: Buffer.from('810161', 'hex') },
  { opening: UPGRADE, behind: Buffer.from('838000000000', 'hex') },
  { opening: UPGRADE, behind: Buffer.from('818100000000ff', 'hex') },
  // Lengths of a gigabyte, and of more than a number can be.
  { opening: UPGRADE, behind: longFrame(1n << 30n) },
  { opening: UPGRADE, behind: longFrame(1n << 63n) },
  // A frame that its client leaves in.
  { opening: UPGRADE, behind: Buffer.from('81850000', 'hex') },
  { opening: UPGRADE.replace('MDEy', ' ') },
  { opening: UPGRADE.replace('websocket', 'h2c') },
  { opening: 'nonsense\r\n\r\n' },
  { opening: '\u0016\u0003\u0001\u0002\u0000\u0001' },
  { opening: 'GET /%E0%A4%A HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' },
  { opening: 'GET //[ HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n' },
  { opening: 'GET /count?name=%ff HTTP/1.1\r\nHost: a\r\n\r\n' },
  { opening: 'POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{' },
  { opening: 'POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnull' },
  { opening: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n' },
  {
    opening:
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=a\r\nContent-Length: 6\r\nConnection: close\r\n\r\n--a\r\n\r',
  },
  { opening: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n' },
  // The client leaves in its head, or in its body.
  { opening: 'GET / HTTP/1.1\r\nHos' },
  { opening: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc' },
  {
    opening:
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=a\r\nContent-Length: 1000\r\n\r\n--a\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nabc',
  },
];

/** How long a server may be silent that waits for more. */
const PATIENCE_MS = 150;

/** Sends all of it to the port of the loopback, one connection after the other. @param tls true to do it within TLS too */
export async function attack(port: number, { tls = false } = {}): Promise<void> {
  for (const one of attacks) {
    for (const inTls of tls ? [false, true] : [false]) await attempt(one, connectTcp(port, '127.0.0.1'), inTls);
  }
}

async function attempt({ opening, behind }: Attack, raw: Socket, inTls: boolean): Promise<void> {
  raw.on('error', () => undefined);
  const socket = inTls ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
  socket.on('error', () => undefined);
  socket.write(opening, 'latin1');
  await answer(socket);
  if (behind !== undefined && !socket.destroyed) {
    socket.write(behind);
    await answer(socket);
  }
  raw.resetAndDestroy();
}

/** Waits until the server says something, or hangs up, or seems to wait. */
function answer(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS);
    for (const event of ['data', 'close']) {
      socket.once(event, () => {
        clearTimeout(timer);
        resolve();
      });
    }
  });
}
