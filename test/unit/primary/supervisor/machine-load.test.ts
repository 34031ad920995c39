import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadFile } from '../../../../src/options/machine/cgroup.ts';
import { MachineLoad } from '../../../../src/primary/supervisor/polling/machine-load.ts';

const GROUP = '/sys/fs/cgroup/app';

/** A machine of four cores, on which tests change the files. */
class Machine {
  readonly files: Record<string, string> = {
    '/proc/self/cgroup': '0::/app\n',
    '/proc/self/status': 'Cpus_allowed_list:\t0-3\n',
    '/sys/devices/system/cpu/online': '0-3\n',
    [`${GROUP}/memory.max`]: '1000000',
  };

  readonly read: ReadFile = (path) => this.files[path];
}

test('the cores that workers need: the time that they ran, and the time that they waited for a core', () => {
  const machine = new Machine();
  const load = new MachineLoad(machine.read);
  machine.files['/proc/7/schedstat'] = '1000000000 0 10';
  machine.files['/proc/8/schedstat'] = '5000000000 500000000 10';
  assert.equal(load.look([7, 8], 0).cpu, undefined);
  machine.files['/proc/7/schedstat'] = '1500000000 0 20';
  machine.files['/proc/8/schedstat'] = '5250000000 750000000 20';
  assert.equal(load.look([7, 8], 1000).cpu, 1);
});

test('where the scheduler keeps no such times, the CPU time of the process counts', () => {
  const machine = new Machine();
  const load = new MachineLoad(machine.read);
  const stat = (user: number, system: number): string => `7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 ${user} ${system} 0 0`;
  machine.files['/proc/7/stat'] = stat(100, 50);
  load.look([7], 0);
  machine.files['/proc/7/stat'] = stat(130, 70);
  assert.equal(load.look([7], 1000).cpu, 0.5);
});

test('a process that is new at this reading does not count, nor one that is gone', () => {
  const machine = new Machine();
  const load = new MachineLoad(machine.read);
  machine.files['/proc/7/schedstat'] = '1000000000 0 10';
  load.look([7, 9], 0);
  machine.files['/proc/8/schedstat'] = '9000000000 0 10';
  machine.files['/proc/7/schedstat'] = '1250000000 0 10';
  assert.equal(load.look([7, 8], 1000).cpu, 0.25);
});

test('throttling counts for three seconds after it has grown', () => {
  const machine = new Machine();
  const load = new MachineLoad(machine.read);
  const throttled = (times: number, at: number): boolean => {
    machine.files[`${GROUP}/cpu.stat`] = `usage_usec 1\nnr_periods 100\nnr_throttled ${times}\nthrottled_usec 5\n`;
    return load.look([], at).isThrottled;
  };
  assert.deepEqual(
    [throttled(40, 0), throttled(40, 1000), throttled(41, 2000), throttled(41, 4000), throttled(41, 5000)],
    [false, false, true, true, false],
  );
});

test('limits are read again, at most once a second', () => {
  const machine = new Machine();
  const load = new MachineLoad(machine.read);
  assert.deepEqual(limitsOf(load, 0), [4, 1_000_000]);
  machine.files[`${GROUP}/cpu.max`] = '150000 100000';
  machine.files[`${GROUP}/memory.max`] = 'max';
  assert.deepEqual(limitsOf(load, 900), [4, 1_000_000]);
  assert.deepEqual(limitsOf(load, 1000), [2, undefined]);
});

function limitsOf(load: MachineLoad, at: number): unknown[] {
  const { cores, memory } = load.look([], at);
  return [cores, memory];
}
