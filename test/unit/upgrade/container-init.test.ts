/** Which process 1 would end with this primary. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitingInit, type ProcessFacts } from '../../../src/upgrade/container-init.ts';

type Row = readonly [pid: number, name: string, parent: number, startedAt: number];

function initOf(own: number, ...rows: readonly Row[]): string | undefined {
  const facts = new Map<number, ProcessFacts>();
  for (const [pid, name, parent, startedAt] of rows) facts.set(pid, { name, parent, startedAt: `${startedAt}` });
  return waitingInit(own, (pid) => facts.get(pid));
}

const cases: ReadonlyArray<readonly [string, string | undefined, string | undefined]> = [
  ['tini', initOf(7, [1, 'tini', 0, 1000], [7, 'node', 1, 1001]), 'tini'],
  ['docker run --init', initOf(7, [1, 'docker-init', 0, 1000], [7, 'node', 1, 1001]), 'docker-init'],
  ['npm start', initOf(30, [1, 'npm start', 0, 1000], [20, 'sh', 1, 1080], [30, 'node', 20, 1090]), 'npm start'],
  [
    'tini and npm',
    initOf(30, [1, 'tini', 0, 0], [7, 'npm start', 1, 1], [20, 'sh', 7, 80], [30, 'node', 20, 90]),
    'tini',
  ],
  ['process 1 itself, which is refused before', initOf(1, [1, 'node', 0, 1000]), undefined],
  ['systemd', initOf(7, [1, 'systemd', 0, 100], [7, 'node', 1, 101]), undefined],
  ['an orphan below tini', initOf(90, [1, 'tini', 0, 1000], [90, 'node', 1, 90_000]), undefined],
  ['docker exec', initOf(90, [1, 'sleep', 0, 1000], [90, 'node', 0, 1050]), undefined],
  ['a shell that somebody types into', initOf(90, [1, 'bash', 0, 1000], [90, 'node', 1, 9000]), undefined],
  ['another supervisor', initOf(90, [1, 'tini', 0, 0], [7, 'supervisor', 1, 1], [90, 'node', 7, 5]), undefined],
  ['no /proc', initOf(90), undefined],
];
for (const [what, found, expected] of cases) test(`${what}: ${expected}`, () => assert.equal(found, expected));
