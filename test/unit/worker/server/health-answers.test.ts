/** Tests that a client of HTTP/2 that breaks off while it asks for the health path does no harm: an uncaught error fails the test. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HealthAnswers } from '../../../../src/worker/server/health-answers.ts';

const INTERNAL_ERROR = Buffer.from([0, 0, 0, 2]);
const request = frame(1, 5, 1, Buffer.from('\u0082\u0086\u0004\u0008/healthz\u0001\u0001a', 'latin1'));
const goAway = frame(7, 0, 0, Buffer.concat([Buffer.alloc(4), INTERNAL_ERROR]));
const reset = frame(3, 0, 1, INTERNAL_ERROR);
/** With it the answer's body cannot leave. */
const noWindow = frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]));

/** A frame of HTTP/2 (RFC 9113, section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const cases: ReadonlyArray<readonly [what: string, first: readonly Buffer[], then: (socket: Socket) => void]> = [
  ['ends the session at once', [request, goAway], () => {}],
  ['ends the session', [noWindow, request], (socket) => void socket.write(goAway)],
  ['resets the stream', [noWindow, request], (socket) => void socket.write(reset)],
  ['resets the connection', [noWindow, request], (socket) => void socket.resetAndDestroy()],
];
for (const [what, first, then] of cases) {
  test(`a client that ${what} while it asks`, { timeout: 10_000 }, async () => {
    const asked: number[] = [];
    const server = createServer();
    new HealthAnswers('/healthz', () => void asked.push(performance.now())).serve(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
    const [session] = (await Promise.all([
      once(server, 'session'),
      new Promise((resolve) => {
        client.write(
          Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))]),
          resolve,
        );
      }),
    ])) as [[{ destroyed: boolean; destroy(): void; on(event: 'error', listener: () => void): unknown }], unknown];
    session[0].on('error', () => {});
    client.write(Buffer.concat(first));
    while (asked.length === 0) await nextTurn();
    then(client);
    // What the client has sent arrives within some turns of the event loop.
    for (let turn = 0; turn < 200; turn++) await nextTurn();
    assert.equal(asked.length, 1);
    session[0].destroy();
    client.destroy();
    server.close();
    await once(server, 'close');
  });
}
