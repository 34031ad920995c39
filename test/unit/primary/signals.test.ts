import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetEvent } from '../../../src/primary/events.ts';
import { listenToSignals } from '../../../src/primary/signals.ts';
import { terminalWatch } from '../../../src/primary/terminal.ts';

for (const [what, before, now, expected] of [
  ['without a terminal a reload', false, false, 'reload'],
  ['in a terminal a reload', true, true, 'reload'],
  ['when its terminal was closed a stop', true, false, 'stop'],
] as const) {
  test(`SIGHUP is ${what}`, () => {
    let hasTerminal: boolean = before;
    const events: FleetEvent[] = [];
    const remove = listenToSignals(
      (event) => void events.push(event),
      1000,
      terminalWatch(() => hasTerminal),
    );
    hasTerminal = now;
    process.emit('SIGHUP', 'SIGHUP');
    remove();
    assert.deepEqual(
      events.map(({ type }) => type),
      [expected],
    );
  });
}
