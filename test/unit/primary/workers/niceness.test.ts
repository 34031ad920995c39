import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import type { ReadFile } from '../../../../src/options/machine/cgroup.ts';
import { GentleBoots, LONGEST_GENTLE_MS } from '../../../../src/primary/workers/gentle-boots.ts';
import { niceWithReturn, setNice } from '../../../../src/primary/workers/niceness.ts';
import { FakeOs } from './fake-os.ts';

interface Facts {
  readonly nice?: number;
  readonly capabilities?: string;
  readonly limit?: number;
  readonly seccomp?: number;
}

function machine({ nice = 0, capabilities = '0000000000000000', limit = 0, seccomp = 0 }: Facts): ReadFile {
  return (path) =>
    ({
      '/proc/self/stat': `7 (node) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 ${nice} 1 0 5`,
      '/proc/self/status': `Name:\tnode\nCapInh:\t0000000000800000\nCapEff:\t${capabilities}\nSeccomp:\t${seccomp}\n`,
      '/proc/self/limits': `Limit                     Soft Limit           Hard Limit           Units     \nMax nice priority         ${String(limit).padEnd(20)} 40                            \n`,
    })[path];
}

test('the right to make a process less nice again is a capability or a limit', () => {
  const all = '000001ffffffffff';
  const cases: ReadonlyArray<readonly [facts: Facts, nice: number | undefined]> = [
    [{ capabilities: all }, 0],
    [{ capabilities: '0000000000800000', nice: -3 }, -3],
    // What Docker leaves to root.
    [{ capabilities: '00000000a80425fb' }, undefined],
    [{}, undefined],
    [{ limit: 19 }, undefined],
    [{ limit: 20 }, 0],
    [{ limit: 40 }, 0],
    [{ limit: 14, nice: 5 }, undefined],
    [{ limit: 15, nice: 5 }, 5],
    [{ limit: 24, nice: -5 }, undefined],
    [{ limit: 25, nice: -5 }, -5],
    // There is nothing nicer than 19.
    [{ capabilities: all, nice: 14 }, 14],
    [{ capabilities: all, nice: 15 }, undefined],
    // The filter may end the process.
    [{ capabilities: all, limit: 40, seccomp: 2 }, undefined],
  ];
  for (const [facts, nice] of cases) assert.equal(niceWithReturn(machine(facts)), nice, JSON.stringify(facts));
  assert.equal(
    niceWithReturn(() => undefined),
    undefined,
    'without /proc',
  );
});

test('a process is made nicer with its threads, and is as nice as this one again with what it has started', async (t) => {
  if (niceWithReturn() === undefined) return t.skip('this process may not make others less nice');
  const script =
    "const { spawn } = require('node:child_process'); process.once('message', () => process.send(spawn('sleep', ['60']).pid)); process.on('disconnect', () => process.exit())";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const pid = child.pid!;
  const threads = (): number[] => readdirSync(`/proc/${pid}/task`).map(Number);
  setNice(pid, true);
  child.send('start');
  const [started] = (await once(child, 'message')) as [number];
  t.after(() => {
    process.kill(started);
    child.disconnect();
  });
  const nicer = getPriority(started);
  assert.ok(nicer > getPriority());
  assert.deepEqual(new Set(threads().map(getPriority)), new Set([nicer]));
  setNice(pid, false);
  assert.equal(getPriority(started), getPriority());
  assert.deepEqual(new Set(threads().map(getPriority)), new Set([getPriority()]));
});

test('a boot is gentle until it is over, or has taken too long', () => {
  const os = new FakeOs();
  const boots = new GentleBoots(os);
  for (const pid of [11, 12, 13, 14]) boots.begin(pid);
  assert.deepEqual([...os.nice], [11, 12, 13, 14]);
  boots.end(11);
  boots.end(11);
  assert.deepEqual([...os.nice], [12, 13, 14]);
  // Another process may have its pid by the time.
  boots.forget(12);
  os.pass(LONGEST_GENTLE_MS);
  assert.deepEqual([...os.nice], [12]);
  boots.begin(15);
  boots.close();
  assert.equal(os.deadlines, 0);
});
