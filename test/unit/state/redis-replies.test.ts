/**
 * Runs a server that is not Redis. A reply is data from outside, and none may end the process or keep a caller waiting.
 */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { openState, StateError, type State } from '../../../src/state.ts';
import { Format } from '../../../src/state/redis/format.ts';
import { decodeItem } from '../../../src/state/redis/item.ts';

const replies: ReadonlyArray<readonly [name: string, reply: string | Buffer]> = [
  ['a number', ':7\r\n'],
  ['a number that is none', ':seven\r\n'],
  ['a number past all', `:${'9'.repeat(400)}\r\n`],
  ['a number of many digits', `(${'9'.repeat(100_000)}\r\n`],
  ['text', '+OK\r\n'],
  ['nothing', '$-1\r\n'],
  ['a negative length', '$-7\r\n'],
  ['a list of negative length', '*-7\r\n'],
  ['an empty value', '$0\r\n\r\n'],
  ['a value that is cut short', '$3\r\n\0ab\r\n'],
  ['a value that never ends', '$1000000\r\nabc'],
  ['a line that never ends', `+${'x'.repeat(1 << 20)}`],
  ['an empty list', '*0\r\n'],
  ['lists in lists', `${'*1\r\n'.repeat(500)}:1\r\n`],
  ['a list of other things', '*2\r\n$1\r\nx\r\n*1\r\n:1\r\n'],
  ['a wrong type', '-WRONGTYPE Operation against a key\r\n'],
  ['another error', '-SOMETHING else\r\n'],
  ['no protocol', Buffer.from([0, 255, 254, 13, 10, 13, 10])],
];

const operations: ReadonlyArray<readonly [name: string, run: (state: State) => Promise<unknown>]> = [
  ['get', (state) => state.cache('c').get('k')],
  ['set', (state) => state.cache('c').set('k', 1)],
  ['clear', (state) => state.cache('c').clear()],
  ['size', (state) => state.cache('c').size()],
  ['add', (state) => state.counter('n').add(1)],
  ['lock', (state) => state.lock('l', () => 1, { timeout: 50 })],
  ['getOrCompute', (state) => state.cache('c').getOrCompute('k', () => 1)],
];

/** The timeout is long enough to connect on a busy machine. */
const TIMEOUT_MS = 1500;

/** What a client asks when it connects. */
const greetings: Readonly<Record<string, string>> = {
  CLIENT: '+OK\r\n',
  HELLO: '+OK\r\n',
  SELECT: '+OK\r\n',
  PING: '+OK\r\n',
  FORMAT: '$1\r\n2\r\n',
  TIME: `*2\r\n$10\r\n${Math.floor(Date.now() / 1000)}\r\n$1\r\n0\r\n`,
};

/** Answers what a client asks when it connects, and everything else with `reply`. */
function answer(socket: Socket, reply: string | Buffer): void {
  socket.on('error', () => {});
  socket.on('data', (data) => {
    for (const [, command, key] of String(data).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n(?:\$\d+\r\n([^\r]*))?/g)) {
      socket.write(greetings[key?.endsWith('{format}') === true ? 'FORMAT' : command!.toUpperCase()] ?? reply);
    }
  });
}

/** Runs `use` with the state of a server that answers with `reply`. */
async function withServer(reply: string | Buffer, use: (state: State) => Promise<unknown>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    answer(socket, reply);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const state = await openState({ url, timeout: TIMEOUT_MS, connect: 'lazy' });
    await use(state);
    await state.close();
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

for (const [name, reply] of replies) {
  test(`a server that answers with ${name}`, { timeout: 30_000 }, async () => {
    await withServer(reply, (state) =>
      Promise.all(
        operations.map(async ([operation, run]) => {
          const bound = setTimeout(() => assert.fail(`${operation} goes on`), 10 * TIMEOUT_MS);
          await run(state).catch((error: unknown) => {
            const isClear = error instanceof StateError || /^[A-Z]{3,} /.test((error as Error).message);
            assert.ok(isClear, `${operation}: ${String(error)}`);
          });
          clearTimeout(bound);
        }),
      ),
    );
  });
}

test('what another program keeps at the key of a lock is no lock', async () => {
  await withServer('$12\r\nsomething it\r\n', async (state) => {
    const locking = state.lock('l', () => 1, { timeout: 50 });
    await assert.rejects(locking, { code: 'ERR_STATE_UNAVAILABLE', message: /a whole number was expected/ });
  });
});

test('the format whose computations had keys of their own is refused, and 2 is begun', async () => {
  const key = 'prefork:{format}';
  const format = new Format('prefork:');
  const kept = new Map<unknown, unknown>([[key, '1']]);
  const send = async ([command, name, value]: readonly unknown[]): Promise<unknown> => {
    if (command === 'GET') return kept.has(name) ? Buffer.from(String(kept.get(name))) : null;
    kept.set(name, value);
    return 'OK';
  };
  await assert.rejects(format.check(send), { code: 'ERR_STATE_VERSION', message: /in format '1'.*knows 2/ });
  kept.clear();
  await format.check(send);
  await format.check(send);
  assert.equal(kept.get(key), '2');
});

test('an entry that prefork did not write is refused', () => {
  const bad = ['', 'x', '\0', '\x01short', '1.5', '12a', '\x03', '9'.repeat(30)];
  for (const bytes of bad) {
    assert.throws(() => decodeItem(Buffer.from(bytes)), { code: 'ERR_STATE_VALUE' });
  }
  const notANumber = Buffer.from([1, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0, 65]);
  assert.throws(() => decodeItem(notANumber), { code: 'ERR_STATE_VALUE' });
});
