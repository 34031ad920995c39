/** Tests state on file systems that are full, become full, or cannot be written, and in files that are not ours. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test, type TestContext } from 'node:test';
import { openState } from '../../../src/state.ts';
import { serve } from '../../support/app.ts';
import { ask } from '../../support/http.ts';
import { fixture } from '../../support/paths.ts';
import { noMounts, noNodeSqlite, noSqlite } from '../../support/platform.ts';
import { poll } from '../../support/watched.ts';

const skip = noSqlite || noMounts;

/**
 * Returns the report of test/fixtures/apps/state-space.js on a scenario, for which it mounts a file system that only it
 * sees.
 */
function meet(t: TestContext, scenario: string): Record<string, unknown> {
  const args = ['-m', process.execPath, fixture('state-space.js'), scenario, directory(t)];
  const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('a small tmpfs: it is full in time, nothing is lost, and it can be emptied', { skip }, (t) => {
  const { written, code, lost, counted, again } = meet(t, 'small');
  assert.equal(code, 'ERR_STATE_FULL');
  assert.ok(Number(written) > 300, `${String(written)} values of 10 KB in 6 MB`);
  assert.equal(lost, 0);
  assert.equal(counted, Number(written) + 1);
  assert.equal(again, true);
});

test('a cache in a tmpfs that is smaller than its maxSize evicts, and does not fail', { skip }, (t) => {
  const { entries, evictions, last } = meet(t, 'cache');
  assert.ok(Number(entries) > 200, `${String(entries)} entries of 10 KB in 6 MB`);
  assert.equal(Number(evictions), 5000 - Number(entries));
  assert.equal(last, 10_000);
});

test(
  'a tmpfs that another program fills: writes fail, reads do not, and all goes on once there is room',
  { skip },
  (t) => {
    const { other, code, kept, computed, counted, written, then } = meet(t, 'taken');
    assert.equal(other, 'ENOSPC');
    assert.equal(code, 'ERR_STATE_FULL');
    assert.equal(kept, 1000);
    assert.equal(computed, 'computed');
    assert.ok(Number(counted) - Number(written) <= 1, 'what failed was not half done');
    assert.equal(then, Number(counted) + 1);
  },
);

test(
  'one who stands in the middle of a read does not make the files grow without end',
  { skip: noNodeSqlite || noMounts },
  (t) => {
    const { longest, during, last } = meet(t, 'longRead');
    assert.ok(Number(during) > 0, 'something was written meanwhile');
    assert.ok(Number(longest) < 10 * 1024 * 1024, `the log grew to ${String(longest)} bytes`);
    assert.equal(last, 1000);
  },
);

const refused: ReadonlyArray<readonly [scenario: string, code: string, message: RegExp]> = [
  ['none', 'ERR_STATE_FULL', /file system is full/],
  ['readOnly', 'ERR_STATE_PLACE', /cannot keep state in .*read-only/],
  ['turnedReadOnly', 'ERR_STATE_PLACE', /cannot keep state in .*store\.db/],
];
for (const [scenario, code, message] of refused) {
  test(`refused with a reason: ${scenario}`, { skip }, (t) => {
    const answer = meet(t, scenario);
    assert.equal(answer['code'], code);
    assert.match(String(answer['message']), message);
  });
}

test('workers with a /dev/shm that is full go on, and so does the next one', { skip }, async (t) => {
  const node = join(directory(t), 'node');
  writeFileSync(
    node,
    `#!/bin/sh\nexec unshare -m sh -c 'mount -t tmpfs -o size=6m none /dev/shm && exec "$@"' sh ${process.execPath} "$@"\n`,
  );
  chmodSync(node, 0o755);
  await using app = await serve({ entry: fixture('state-full.js'), options: ['--workers', '1'], node });
  assert.equal(await ask(app.target, '/add'), '1');
  assert.equal(await ask(app.target, '/fill'), 'ERR_STATE_FULL');
  assert.equal(await ask(app.target, '/add'), '2');
  const before = await ask(app.target, '/pid');
  process.kill(Number(before), 'SIGKILL');
  const isNew = async (): Promise<true | undefined> => (await ask(app.target, '/pid')) !== before || undefined;
  await poll(() => isNew().catch(() => undefined), 'another worker');
  assert.equal(await ask(app.target, '/add'), '3');
  assert.equal(await ask(app.target, '/fill'), 'ERR_STATE_FULL');
});

const files: ReadonlyArray<
  readonly [what: string, code: string, message: RegExp, change: (path: string) => Promise<void>]
> = [
  [
    'a file of another version',
    'ERR_STATE_VERSION',
    /is of version 99, and this is version \d+ .*give another path, or remove it/,
    async (path) => sql(path, 'PRAGMA user_version = 99'),
  ],
  [
    'a database of another program',
    'ERR_STATE_VERSION',
    /is of another program/,
    async (path) => sql(path, 'PRAGMA application_id = 7'),
  ],
  [
    'a file that is no database',
    'ERR_STATE_DAMAGED',
    /not a database/,
    async (path) => writeFileSync(path, 'x'.repeat(9000)),
  ],
  [
    'a directory',
    'ERR_STATE_PLACE',
    /cannot keep state in/,
    async (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
];
for (const [what, code, message, change] of files) {
  test(`refused with a reason, and left as it is: ${what}`, { skip: noNodeSqlite }, async (t) => {
    const path = directory(t);
    await (await openState({ path })).close();
    const file = join(path, 'store.db');
    await change(file);
    const before = code === 'ERR_STATE_PLACE' ? undefined : readFileSync(file);
    await assert.rejects(openState({ path }), { code, message });
    if (before !== undefined) assert.deepEqual(readFileSync(file), before);
  });
}

function sql(path: string, text: string): void {
  const script = `new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec(process.argv[2])`;
  const { status, stderr } = spawnSync(process.execPath, ['--eval', script, path, text], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'prefork-test-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}
