import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Totals } from '../../../../src/metrics/totals.ts';
import { resolveSettings } from '../../../../src/options/settings.ts';
import { WorkerProcesses, type WorkerProcessesParts } from '../../../../src/primary/workers/worker-processes.ts';
import { FakeOs } from './fake-os.ts';

function partsWith(os: FakeOs): WorkerProcessesParts {
  const settings = resolveSettings({ options: {}, env: {}, entry: 'app.js' });
  return {
    program: () => ({ entry: 'app.js', args: [], execArgv: [] }),
    sharing: 'shared',
    balance: 'kernel',
    seed: 0,
    settings: () => settings,
    workers: () => 2,
    board: undefined,
    totals: new Totals(),
    os,
    log: () => {},
    output: undefined,
    slotOf: () => 0,
    control: () => '',
    half: { isWanted: false, forked() {}, said() {}, dropped() {}, gone() {} },
    post: () => {},
  };
}

test('the end of a worker is told, whatever fails while it is looked at', () => {
  const os = new FakeOs();
  const posted: string[] = [];
  const processes = new WorkerProcesses({ ...partsWith(os), post: ({ type }) => void posted.push(type) });
  processes.fork({ do: 'fork', worker: 1, slot: 0, isParked: false, generation: 1 });
  os.now = () => {
    throw new Error('it cannot be looked at');
  };
  assert.throws(() => os.children[0]!.exit(null, 'SIGKILL'), /cannot be looked at/);
  assert.deepEqual(posted, ['forked', 'exited']);
  assert.deepEqual(processes.pids, []);
  processes.close();
});

test('a worker is ended by the signal with which it was started, whatever a reload has read since', () => {
  const os = new FakeOs();
  let settings = resolveSettings({ options: {}, env: {}, entry: 'app.js' });
  const processes = new WorkerProcesses({ ...partsWith(os), settings: () => settings });
  processes.fork({ do: 'fork', worker: 1, slot: 0, isParked: false, generation: 1 });
  settings = { ...settings, stopSignal: 'SIGINT' };
  processes.fork({ do: 'fork', worker: 2, slot: 0, isParked: true, generation: 2 });
  processes.terminate(1);
  processes.terminate(2);
  assert.deepEqual(
    os.children.map(({ signals, heard }) => [signals, heard]),
    [
      [['SIGTERM'], []],
      [['SIGINT'], [{ type: 'end' }]],
    ],
  );
  processes.close();
});
