import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetEvent } from '../../../../src/primary/fleet/events.ts';
import { Signals } from '../../../../src/primary/system/signals.ts';
import { terminalWatch } from '../../../../src/primary/system/terminal.ts';

for (const [what, before, now, expected] of [
  ['without a terminal a reload', false, false, 'reload'],
  ['in a terminal a reload', true, true, 'reload'],
  ['when its terminal was closed a stop', true, false, 'stop'],
] as const) {
  test(`SIGHUP is ${what}`, () => {
    let hasTerminal: boolean = before;
    const events: FleetEvent[] = [];
    const signals = new Signals(() => 1000, { isTerminalClosed: terminalWatch(() => hasTerminal) });
    signals.deliverTo((event) => void events.push(event));
    hasTerminal = now;
    process.emit('SIGHUP', 'SIGHUP');
    signals.close();
    assert.deepEqual(
      events.map((event) => (event.type === 'operate' ? event.kind : event.type)),
      [expected],
    );
  });
}

test('under nodemon SIGUSR2 is a stop, and otherwise an upgrade', () => {
  for (const isBelowNodemon of [true, false]) {
    const events: FleetEvent[] = [];
    // Newer test runners have a handler of their own, which writes a report.
    const others = process.listeners('SIGUSR2');
    const signals = new Signals(() => 1000, { isBelowNodemon });
    signals.deliverTo((event) => void events.push(event));
    for (const handler of process.listeners('SIGUSR2')) if (!others.includes(handler)) handler('SIGUSR2');
    signals.close();
    assert.deepEqual(
      events.map((event) => event.type),
      [isBelowNodemon ? 'stop' : 'operate'],
    );
  }
});

test('a signal that comes before there is anybody to act on it waits', () => {
  const signals = new Signals(() => 1000);
  process.emit('SIGTTIN', 'SIGTTIN');
  const events: FleetEvent[] = [];
  signals.deliverTo((event) => void events.push(event));
  process.emit('SIGTERM', 'SIGTERM');
  signals.close();
  process.emit('SIGTTOU', 'SIGTTOU');
  assert.deepEqual(
    events.map((event) => (event.type === 'operate' ? event.kind : event.type)),
    ['scale', 'stop'],
  );
});

for (const [what, signals, expected] of [
  ['before the user’s own', ['SIGTERM', 'SIGTERM'], ['passed on', 'counts']],
  ['and comes as another one', ['SIGINT', 'SIGTERM'], ['counts', 'passed on']],
  ['once', ['SIGTERM', 'SIGTERM', 'SIGTERM'], ['passed on', 'counts', 'counts']],
] as const) {
  test(`a stop is passed on by the primary before this one ${what}`, () => {
    const events: FleetEvent[] = [];
    const handlers = new Signals(() => 1000, { mayPassStopOn: () => true });
    handlers.deliverTo((event) => void events.push(event));
    for (const signal of signals) process.emit(signal, signal);
    handlers.close();
    assert.deepEqual(
      events.map((event) => event.type === 'stop' && (event.isPassedOn === true ? 'passed on' : 'counts')),
      expected,
    );
  });
}

test('where none is before this one, each stop counts', () => {
  const events: FleetEvent[] = [];
  const handlers = new Signals(() => 1000, { mayPassStopOn: () => false });
  handlers.deliverTo((event) => void events.push(event));
  process.emit('SIGTERM', 'SIGTERM');
  handlers.close();
  assert.deepEqual(events, [{ type: 'stop', signal: 'SIGTERM', idle: 500 }]);
});
