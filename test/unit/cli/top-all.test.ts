import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../../../src/cli/colors.ts';
import { liveFigures, overviewJson, pastOf, type WatchedServer } from '../../../src/cli/servers/live-figures.ts';
import { overviewFrame, overviewText, scrolled } from '../../../src/cli/servers/overview-frame.ts';
import { noHistory } from '../../../src/cli/top/history.ts';
import type { Sample } from '../../../src/cli/top/history.ts';
import { fakeStatus, fakeVitals, fakeWorker } from '../../support/fake-controls.ts';

/** A server with one worker that has answered so many requests and used so much CPU time. */
function sampleAt(at: number, finished: number, cpu: number, pid = 4711): Sample {
  const vitals = fakeVitals({ requestsFinished: finished, connectionsOpen: 12, rss: 50 * 1_048_576 });
  const worker = fakeWorker({ pid, vitals });
  const slots = [{ slot: 0, state: 'serving' as const, worker, successor: null, crashes: 0, lastExit: null }];
  return { at, status: fakeStatus({ name: 'api', pid: 4700, slots }), cpuTimes: new Map([[pid, cpu]]) };
}

const first = liveFigures(sampleAt(1000, 100, 500), noHistory);
const second = liveFigures(sampleAt(2000, 350, 1250), first.past);
const api: WatchedServer = { server: { name: 'api', path: '/x' }, answer: second };
const silent: WatchedServer = {
  server: { name: 'web', path: '/y', owner: { uid: 1001, gid: 1001 } },
  reason: 'web does not answer',
};
const room = { columns: 80, rows: 24 };

test('rates and CPU time count from the look before', () => {
  assert.deepEqual([first.rate, first.cpu, first.connections], [undefined, undefined, 12]);
  assert.deepEqual([second.rate, second.cpu, second.connections], [250, 0.75, 12]);
});

test('a server that was silent once counts from its last answer, and one that is gone from nothing', () => {
  const [quiet, key] = [{ server: api.server, reason: 'api does not answer' }, ' api'];
  const answered = pastOf([api, silent], new Map());
  assert.deepEqual([...answered], [[key, second.past]]);
  const afterSilence = pastOf([quiet, silent], answered);
  const third = liveFigures(sampleAt(4000, 650, 2250), afterSilence.get(key)!);
  assert.deepEqual([third.rate, third.cpu], [150, 0.5]);
  assert.equal(pastOf([silent], answered).size, 0);
});

test('what is kept of another server does not grow with its answers', () => {
  const { past } = second;
  assert.deepEqual([past.rows, past.trail], [[], []]);
  assert.deepEqual(
    [...past.marks.values()].map(({ durations }) => durations),
    [[]],
  );
  assert.deepEqual(Object.keys(past.sample!), ['at', 'cpuTimes']);
});

test('a worker that was replaced takes its figures along', () => {
  const third = liveFigures(sampleAt(3000, 0, 20, 4800), second.past);
  assert.equal(third.past.marks.size, 1);
  assert.ok((third.rate ?? 0) >= 0);
});

test('a frame has a line for each server, and says why one is silent', () => {
  assert.deepEqual(overviewFrame([api, silent], 0, room, plain).lines, [
    'name user      pid state     workers req/s conns cpu mem  up address',
    'api  -        4700 serving       1/1   250    12 75% 50M 60s 127.0.0.1:8080',
    'web  uid 1001    - no answer       -     -     -   -   -   - -',
    'web does not answer',
    'q quit',
  ]);
});

test('servers for which there is no room scroll', () => {
  const many = Array.from({ length: 30 }, (_, at) => ({ ...api, server: { name: `s${at}`, path: `/${at}` } }));
  const { lines, offset, page } = overviewFrame(many, scrolled(0, 'last', 1), { columns: 80, rows: 10 }, plain);
  assert.deepEqual([offset, page, lines.length], [23, 7, 10]);
  assert.match(lines[1]!, /^s23 /);
  assert.equal(lines.at(-1), 'servers 24-30 of 30 (j k)  q quit');
  assert.equal(scrolled(23, 'page-up', 7), 16);
  assert.equal(scrolled(0, 'up', 7), 0);
  assert.deepEqual(overviewFrame(many, 0, { columns: 6, rows: 1 }, plain).lines, ['server']);
});

test('before the first look, and while nothing runs, it says so', () => {
  assert.deepEqual(overviewFrame(undefined, 0, room, plain).lines, ['', 'waiting for the servers', 'q quit']);
  assert.deepEqual(overviewFrame([], 0, room, plain).lines, ['', 'no server is running', 'q quit']);
  assert.equal(overviewText([], plain), 'no server is running\n\n');
});

test('as JSON each server has its figures, or why there are none', () => {
  const { servers } = JSON.parse(overviewJson([api, silent], new Date(0))) as {
    servers: Array<Record<string, unknown>>;
  };
  assert.equal(servers[0]!['requestsPerSecond'], 250);
  assert.equal(servers[0]!['cpu'], 0.75);
  assert.equal('past' in servers[0]!, false);
  assert.deepEqual(servers[1], { name: 'web', uid: 1001, state: 'no answer', reason: 'web does not answer' });
});
