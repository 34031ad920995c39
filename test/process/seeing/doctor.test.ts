/**
 * Tests `prefork doctor` on the machine that runs the tests. Its findings depend on the machine, so only what is
 * certain is compared.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../../support/paths.ts';

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Directory extends Disposable {
  readonly path: string;
  run(...args: string[]): Run;
}

/** Makes a runtime directory, so that the control directory of another test changes nothing. */
function directory(): Directory {
  const path = mkdtempSync(join(tmpdir(), 'doctor-'));
  const env = { ...process.env, PREFORK_RUNTIME_DIR: path };
  return {
    path,
    run: (...args) => spawnSync(process.execPath, [command, 'doctor', ...args], { encoding: 'utf8', env }),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  };
}

type Report = { version: number; findings: Array<{ check: string; level: string; found: string }> };

test('prints its findings, as JSON too, and exits by the worst of them', () => {
  using at = directory();
  const json = at.run('--json');
  const { version, findings } = JSON.parse(json.stdout) as Report;
  assert.equal(version, 1);
  const node = findings.find(({ check }) => check === 'node');
  assert.deepEqual([node?.level, node?.found], ['ok', process.versions.node]);
  assert.equal(json.status, findings.some(({ level }) => level === 'problem') ? 1 : 0);

  const text = at.run();
  assert.equal(text.status, json.status, text.stderr);
  assert.equal(text.stderr, '');
  assert.ok(!text.stdout.includes('\u001B'), 'no colours where there is no terminal');
  for (const { level, check } of findings) {
    assert.ok(
      text.stdout.split('\n').some((line) => line.startsWith(level) && line.includes(` ${check} `)),
      `${level} ${check}\n${text.stdout}`,
    );
  }
});

test('a control directory that is open to others is a problem', { skip: process.platform === 'win32' }, () => {
  using at = directory();
  const open = join(at.path, `prefork-${process.geteuid!()}`);
  mkdirSync(open);
  chmodSync(open, 0o755);
  const { status, stdout } = at.run('--json');
  const finding = (JSON.parse(stdout) as Report).findings.find(({ check }) => check === 'control socket');
  assert.equal(finding?.level, 'problem');
  assert.ok(finding.found.startsWith(`${open} is open to other users`), finding.found);
  assert.equal(status, 1);
});

test('anything but --json is refused', () => {
  using at = directory();
  const { status, stdout, stderr } = at.run('--jsno');
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /^prefork: unknown option --jsno; did you mean --json\?\n$/);
});
