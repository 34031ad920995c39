import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { IdleConnections } from '../../../../src/worker/draining/idle-connections.ts';
import type { Requests } from '../../../../src/worker/draining/requests.ts';
import { poll } from '../../../support/watched.ts';
import { Client, listen } from '../helpers.ts';

const CONNECTIONS = 600;
/** So many are noted in a turn of the event loop. */
const MOST = 256;
const IDLE_MS = 1000;

test('thousands are noted some hundreds in a turn of the event loop, and are idle from then on', async (t) => {
  let asked = 0;
  const requests = { isAnswering: () => (asked++, false) } as unknown as Requests;
  const idle = new IdleConnections(requests);
  let opened = 0;
  const server = createServer().on('connection', () => void opened++);
  const port = await listen(t, server);
  idle.watch(server);
  const clients = Array.from({ length: CONNECTIONS }, () => new Client(t, port));
  await poll(() => opened === clients.length || undefined, 'all connections');
  const now = Math.round(performance.now());
  idle.note(now);
  assert.equal(asked, MOST);
  // The look that has begun goes on, and no other one begins.
  idle.note(now + 1);
  assert.equal(asked, MOST);
  await nextTurn();
  assert.equal(asked, 2 * MOST);
  await nextTurn();
  assert.equal(asked, CONNECTIONS);
  assert.equal(idle.longerThan(IDLE_MS, now + IDLE_MS - 1).length, 0);
  assert.equal(idle.longerThan(IDLE_MS, now + IDLE_MS).length, CONNECTIONS);
});
