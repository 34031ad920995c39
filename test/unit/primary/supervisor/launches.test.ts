import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Launch, LaunchChanges, Settings } from '../../../../src/options/index.ts';
import { Launches, type InForce } from '../../../../src/primary/supervisor/launches.ts';
import { notedLog } from '../../../support/noted-log.ts';

const changes: LaunchChanges = { release: '', settings: '', env: '' };

function inForce(name: string): InForce {
  const settings = { name, workers: 1, range: undefined } as Settings;
  const launch = { settings, directory: { named: name, real: name }, program: { entry: name } } as unknown as Launch;
  return { launch, settings };
}

interface Reading {
  readonly end: (found: InForce & { changes: LaunchChanges }) => void;
  readonly fail: (error: Error) => void;
}

/** Makes launches whose readings the test ends by hand, in any order. */
function launchesOf(): { launches: Launches; readings: Reading[] } {
  const readings: Reading[] = [];
  const launches = new Launches(inForce('first'), {
    log: notedLog(() => {}),
    read: () => new Promise((end, fail) => void readings.push({ end, fail })),
    follow: (launch) => launch,
    isThere: () => true,
    enter: () => {},
  });
  return { launches, readings };
}

test('what was read for a reload that was given up is not what the next one brings', async () => {
  for (const isLate of [false, true]) {
    const { launches, readings } = launchesOf();
    const [given, wanted] = [launches.renew(), launches.renew()];
    const [old, now] = readings;
    if (isLate) now!.end({ ...inForce('new'), changes });
    old!.end({ ...inForce('old'), changes });
    assert.equal(await given, undefined);
    now!.end({ ...inForce('new'), changes });
    assert.deepEqual(await wanted, { ok: true });
    launches.adopt();
    assert.equal(launches.settings.name, 'new');
  }
});

test('nor does its error fail the next one', async () => {
  const { launches, readings } = launchesOf();
  const [given, wanted] = [launches.renew(), launches.renew()];
  readings[0]!.fail(new Error('half a file'));
  assert.equal(await given, undefined);
  readings[1]!.fail(new Error('no entry'));
  assert.deepEqual(await wanted, { ok: false, reason: 'no entry' });
});
