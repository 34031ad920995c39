import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FatalReports, parseReport, reportFile } from '../../../../src/primary/exits/fatal-report.ts';

const event = 'Allocation failed - JavaScript heap out of memory';
const heap = { usedMemory: 90, memoryLimit: 100, totalMemory: 95 };

const texts: ReadonlyArray<readonly [string, unknown]> = [
  [
    JSON.stringify({ header: { event, trigger: 'OOMError' }, javascriptHeap: heap }),
    { isHeapExhausted: true, event, heap: { used: 90, limit: 100 } },
  ],
  [
    JSON.stringify({ header: { event: 'Empty MaybeLocal', trigger: 'FatalError' } }),
    { isHeapExhausted: false, event: 'Empty MaybeLocal', heap: undefined },
  ],
  ['', undefined],
  ['{"header":{"event":"cut sh', undefined],
  ['[1]', undefined],
  ['null', undefined],
];

for (const [text, report] of texts) {
  test(text.slice(0, 50), () => assert.deepEqual(parseReport(text), report));
}

interface Place extends Disposable {
  readonly parent: string;
  readonly reports: FatalReports;
}

function place(): Place {
  const parent = mkdtempSync(join(tmpdir(), 'fatal-report-'));
  const reports = new FatalReports(join(parent, 'prefork-0-1-app.board'));
  return { parent, reports, [Symbol.dispose]: () => rmSync(parent, { recursive: true }) };
}

test('the directory is closed to others, and goes with all that is in it', () => {
  using at = place();
  const { directory } = at.reports;
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  writeFileSync(join(directory, reportFile(1)), '{}');
  at.reports.close();
  at.reports.close();
  assert.equal(existsSync(directory), false);
  assert.equal(at.reports.take(1), undefined);
});

test('a report is read once, and none is left', () => {
  using at = place();
  const file = join(at.reports.directory, reportFile(7));
  assert.equal(at.reports.take(7), undefined);
  writeFileSync(file, JSON.stringify({ header: { event: 'x' } }));
  assert.equal(at.reports.take(7)?.event, 'x');
  assert.equal(existsSync(file), false);
});

test('what is no file of node’s is not read, nor waited for', () => {
  using at = place();
  const secret = join(at.parent, 'secret');
  writeFileSync(secret, JSON.stringify({ header: { event: 'secret' } }));
  symlinkSync(secret, join(at.reports.directory, reportFile(1)));
  spawnSync('mkfifo', [join(at.reports.directory, reportFile(2))]);
  writeFileSync(join(at.reports.directory, reportFile(3)), 'x'.repeat(1024 * 1024 + 1));
  assert.ok(existsSync(join(at.reports.directory, reportFile(2))));
  for (const pid of [1, 2, 3]) assert.equal(at.reports.take(pid), undefined);
});

test('a directory in the place of a report is not emptied before the end', () => {
  using at = place();
  const path = join(at.reports.directory, reportFile(1));
  mkdirSync(path);
  writeFileSync(join(path, 'one of many'), '');
  assert.equal(at.reports.take(1), undefined);
  assert.equal(at.reports.takeStack(1), undefined);
  assert.ok(existsSync(join(path, 'one of many')));
  at.reports.close();
  assert.equal(existsSync(path), false);
});

test('this node says so when its heap is full', { skip: process.platform === 'win32' }, () => {
  using at = place();
  const program = `
    Object.assign(process.report, {
      reportOnFatalError: true, compact: true, directory: process.argv[1], filename: process.pid + '.json',
    });
    for (const all = []; ; ) all.push(new Array(1000).fill(Math.random()));`;
  const child = spawnSync(process.execPath, ['--max-old-space-size=20', '-e', program, at.reports.directory]);
  assert.equal(child.signal, 'SIGABRT', child.stderr.toString());
  const report = at.reports.take(child.pid);
  assert.equal(report?.isHeapExhausted, true);
  assert.ok(report.heap!.used > 10 * 2 ** 20 && report.heap!.limit > report.heap!.used / 2, JSON.stringify(report));
});
