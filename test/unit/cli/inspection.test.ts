import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { defaultPath, OutputFile } from '../../../src/cli/inspection/output-file.ts';
import { parseSlot, subjectOf } from '../../../src/cli/inspection/subject.ts';
import { fakeStatus, fakeWorker } from '../../support/fake-controls.ts';
import { usage } from '../options/usage.ts';

const directory = mkdtempSync(join(tmpdir(), 'prefork-output-'));
after(() => rmSync(directory, { recursive: true }));

const exit = { pid: 1, generation: 1, reason: 'SIGSEGV', text: 'killed by SIGSEGV', at: '2026-01-01T00:00:00.000Z' };
const slot = { slot: 0, state: 'serving', worker: fakeWorker(), successor: null, crashes: 0, lastExit: null } as const;
const status = fakeStatus({
  pid: 4700,
  slots: [
    slot,
    { ...slot, slot: 1, state: 'waiting', worker: null, lastExit: exit },
    { ...slot, slot: 2, worker: fakeWorker({ pid: null }) },
  ],
});

test('the worker of a slot', () => {
  assert.deepEqual(subjectOf(status, 0), { slot: 0, pid: 4712, generation: 1, isStuck: false, primary: 4700 });
});

const failures: ReadonlyArray<[slot: number, message: string]> = [
  [1, 'slot 1 has no worker now (waiting): the last one ended, killed by SIGSEGV'],
  [2, 'slot 2 has no worker now (serving): no worker has ended yet'],
  [3, 'there is no slot 3: there are 0 to 2'],
];
for (const [nth, message] of failures) {
  test(`slot ${nth} has none`, () => {
    assert.throws(() => subjectOf(status, nth), { code: 'ERR_NOT_DONE', message });
  });
}

test('what is no slot', () => {
  assert.equal(parseSlot('heap', '12'), 12);
  for (const text of [undefined, '', '-1', '1.5', 'all', '0x1', '12345']) {
    assert.throws(() => parseSlot('heap', text), { code: 'ERR_PREFORK_USAGE', message: /^heap: expected a slot/ });
  }
  const message = 'heap: expected a slot, as prefork status shows them, got "x"';
  assert.throws(() => parseSlot('heap', 'x'), usage(message));
});

test('a file is there when it was kept, and nobody else may read it', () => {
  const path = join(directory, 'kept');
  {
    using file = new OutputFile(path);
    file.write('one, ');
    file.write('ä');
    file.keep();
    assert.equal(file.size, 7);
  }
  assert.equal(readFileSync(path, 'utf8'), 'one, ä');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a file that was not kept is not there, and takes nothing any more', () => {
  const path = join(directory, 'given-up');
  const file = new OutputFile(path);
  file.write('half');
  file[Symbol.dispose]();
  file.write('more');
  file[Symbol.dispose]();
  assert.ok(!existsSync(path));
});

test('a file that was there is left as it is', () => {
  const path = join(directory, 'mine');
  writeFileSync(path, 'mine');
  assert.throws(() => new OutputFile(path), { code: 'ERR_NOT_DONE', message: /mine exists already: choose another/ });
  assert.equal(readFileSync(path, 'utf8'), 'mine');
  assert.throws(() => new OutputFile(join(directory, 'no', 'where')), { code: 'ERR_NOT_DONE', message: /ENOENT/ });
});

test('its usual name says what it is of', () => {
  const at = new Date('2026-01-02T03:04:05.678Z');
  assert.equal(defaultPath('api', 0, at, 'heapsnapshot'), 'api-0-20260102T030405Z.heapsnapshot');
});
