/** Tests node:cluster's own protocol, by which its primary listens wherever a worker asks. None of it is served. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { serve, type App } from '../support/app.ts';
import { ask } from '../support/http.ts';
import { isAlive } from '../support/leftovers.ts';
import { noOtherUser, ownSharings } from '../support/platform.ts';
import { lowPort } from '../support/low-port.ts';
import { boundInodes, compromised, descriptorsOf, inside, serveAsNobody } from '../support/separated.ts';
import { poll } from '../support/watched.ts';

const skip = noOtherUser;

/**
 * Says something to the primary and then listens. The second request takes the same way, so the messages have been read
 * when it is answered.
 *
 * @returns code that answers with the replies of node:cluster's primary.
 */
function say(messages: readonly object[]): string {
  return `const { once } = require('node:events');
    const heard = [];
    const listen = (message) => message?.cmd === 'NODE_CLUSTER' && heard.push(message);
    process.on('internalMessage', listen);
    for (const message of ${JSON.stringify(messages)}) process.send({ cmd: 'NODE_CLUSTER', ...message });
    const server = require('node:net').createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    process.off('internalMessage', listen);
    return heard;`;
}

const key = 'x';

function questions(port: number, path: string): readonly object[] {
  const tcp = { address: '127.0.0.1', port, addressType: 4, key };
  return [
    { act: 'queryServer', seq: 901, ...tcp },
    { act: 'queryServer', seq: 902, ...tcp, address: null, addressType: 6 },
    { act: 'queryServer', seq: 903, ...tcp, port: 0, index: 1 },
    { act: 'queryServer', seq: 904, address: path, port: -1, addressType: -1, key },
    {
      act: 'queryServer',
      seq: 905,
      address: path,
      port: -1,
      addressType: -1,
      key,
      readableAll: true,
      writableAll: true,
    },
    { act: 'queryServer', seq: 906, address: null, port: null, addressType: null, fd: 0, key },
    ...Array.from({ length: 40 }, (_, fd) => ({
      act: 'queryServer',
      seq: 950 + fd,
      ...tcp,
      port: 0,
      fd,
      key: `fd${fd}`,
    })),
    { act: 'queryServer', seq: 907, ...tcp, addressType: 'udp4' },
    { act: 'queryServer', seq: 908, ...tcp, addressType: 'udp6', address: '::1' },
    { act: 'queryServer', seq: 909, address: {}, port: 'x', addressType: 7 },
    { act: 'queryServer' },
    { act: 'close', key },
    { act: 'close', key: 'nope', seq: 910 },
    { act: 'listening', ...tcp, seq: 911 },
    { act: 'online', seq: 912 },
    { act: 'newconn', key, seq: 913 },
    { act: 'disconnect', seq: 914 },
    { act: 'suicide', seq: 915 },
    { act: '__proto__', seq: 916 },
    { act: 'exitedAfterDisconnect' },
    { act: 'exitedAfterDisconnect', seq: 'x' },
    { ack: 1, accepted: true },
    { ack: '__proto__' },
  ];
}

/** Lists the primary's sockets that have an address: TCP, UDP, and Unix with a path. */
function boundBy({ pid }: App): string[] {
  const bound = new Set(boundInodes());
  return [...descriptorsOf(pid).values()].filter((what) => bound.has(what)).toSorted();
}

async function isNotServed(server: App): Promise<void> {
  const path = join(tmpdir(), `prefork-test-${randomUUID()}.sock`);
  const port = await lowPort();
  const before = boundBy(server);
  assert.ok(before.length > 0);
  assert.deepEqual(await inside(server.target, say(questions(port, path))), { value: [] });
  // The primary closes a moment later what the worker had opened through prefork.
  await poll(() => isDeepStrictEqual(boundBy(server), before) || undefined, 'the end of what was bound');
  assert.equal(existsSync(path), false);
  await ask(server.target);
  assert.deepEqual([...server.workers.values()].filter(isAlive).length, 1);
}

for (const sharing of ownSharings) {
  test(`nothing is bound, and nothing answered, ${sharing}`, { skip: process.platform !== 'linux' }, async () => {
    const options = ['--workers', '1', '--sharing', sharing];
    await using server = await serve({ entry: './app.cjs', files: { 'app.cjs': compromised }, options });
    await isNotServed(server);
  });

  test(`nor with --user, ${sharing}`, { skip }, async () => {
    await using server = await serveAsNobody({ files: { 'app.cjs': compromised }, options: ['--sharing', sharing] });
    await isNotServed(server);
  });

  test(`cluster.worker.disconnect() ends a worker, which is replaced, ${sharing}`, async () => {
    const options = ['--workers', '1', '--sharing', sharing];
    await using server = await serve({ entry: './app.cjs', files: { 'app.cjs': compromised }, options });
    const worker = server.worker(0);
    // The worker disconnects after its answer, because it would wait for that connection.
    const code = `setTimeout(() => require('node:cluster').worker.disconnect(), 50);`;
    assert.deepEqual(await inside(server.target, code), {});
    await poll(() => !isAlive(worker) || undefined, 'the end of the worker');
    // The worker drains and ends by itself. Without the primary's answer it would stay.
    await server.event('worker exited', { pid: worker, code: 0, reason: 'disconnected' });
    await server.event('worker ready', { slot: 0 }, 2);
    await ask(server.target);
  });
}
