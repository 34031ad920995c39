import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timer } from '../../../../src/primary/fleet/events.ts';
import { Timers } from '../../../../src/primary/supervisor/timers.ts';

/** A clock that stands still. The test calls what is due. */
class StoppedClock {
  readonly waiting = new Set<{ ms: number; callback: () => void }>();

  after(ms: number, callback: () => void): () => void {
    const one = {
      ms,
      callback: () => {
        this.waiting.delete(one);
        callback();
      },
    };
    this.waiting.add(one);
    return () => void this.waiting.delete(one);
  }

  get waits(): number[] {
    return [...this.waiting].map(({ ms }) => ms);
  }

  ring(): void {
    for (const { callback } of this.waiting) callback();
  }
}

const kill = (worker: number): Timer => ({ timer: 'kill', worker });

function setUp(): { clock: StoppedClock; timers: Timers; due: Timer[] } {
  const clock = new StoppedClock();
  const due: Timer[] = [];
  return { clock, due, timers: new Timers(clock, (timer) => due.push(timer)) };
}

test('a timer that is armed comes back when it is due', () => {
  const { clock, timers, due } = setUp();
  timers.arm(kill(1), 100);
  assert.deepEqual(clock.waits, [100]);
  clock.ring();
  assert.deepEqual(due, [kill(1)]);
});

test('armed again it is one timer, with the new time', () => {
  const { clock, timers, due } = setUp();
  timers.arm(kill(1), 100);
  timers.arm(kill(1), 200);
  assert.deepEqual(clock.waits, [200]);
  clock.ring();
  assert.deepEqual(due, [kill(1)]);
});

test('timers of others, and of other kinds, are others', () => {
  const { clock, timers, due } = setUp();
  timers.arm(kill(1), 100);
  timers.arm(kill(2), 200);
  timers.arm({ timer: 'drain', worker: 1 }, 300);
  timers.disarm(kill(2));
  clock.ring();
  assert.deepEqual(due, [kill(1), { timer: 'drain', worker: 1 }]);
});

test('one that has come may be armed from within', () => {
  const clock = new StoppedClock();
  const timers: Timers = new Timers(clock, (timer) => timers.arm(timer, 500));
  timers.arm(kill(1), 100);
  const [first] = clock.waiting;
  first!.callback();
  assert.deepEqual(clock.waits, [500]);
});

test('disarming what is not armed does nothing', () => {
  const { clock, timers } = setUp();
  timers.disarm(kill(1));
  assert.deepEqual(clock.waits, []);
});

test('close cancels all', () => {
  const { clock, timers } = setUp();
  timers.arm(kill(1), 100);
  timers.arm(kill(2), 100);
  timers.close();
  assert.deepEqual(clock.waits, []);
});
