import assert from 'node:assert/strict';
import { test } from 'node:test';
import { divide } from '../../../src/state/embedded/space.ts';

const MB = 1024 * 1024;

const cases: ReadonlyArray<readonly [what: string, maxSize: number, room: number, database: number, log: number]> = [
  ['there is plenty of room', 256, 10_000, 256, 3.2],
  ['a container’s /dev/shm of 64 MB', 256, 64, 56, 3.2],
  ['one of 4 MB', 256, 4, 3, 0.5],
  ['what was asked for is less', 2, 4, 2, 0.5],
  ['there is none', 256, 0, 0, 0],
];
for (const [what, maxSize, room, database, log] of cases) {
  test(`what the files may take where ${what}`, () => {
    const space = divide(maxSize * MB, room * MB);
    assert.deepEqual([space.database, space.log], [database * MB, log * MB]);
    assert.ok(space.log <= space.longestLog && space.longestLog + space.database <= Math.max(room * MB, maxSize * MB));
  });
}
