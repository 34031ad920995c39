/**
 * Tests that the fleet stays whole, whatever happens in whatever order. There are random schedules of crashes, hangs,
 * operations and stops, with workers that behave as processes do, and the invariants are checked after every event.
 *
 * PREFORK_SCHEDULE_SEED=<seed of a failure> runs that one again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schedule, settingsOf } from './schedule.ts';

const EVENTS = 100_000;
const EVENTS_A_RUN = 500;

const seed = process.env['PREFORK_SCHEDULE_SEED'];

if (seed !== undefined) {
  test(`the schedule of seed ${seed}`, async () => void (await run(Number(seed))));
} else {
  test(`${EVENTS} events`, async () => {
    const first = Math.floor(Math.random() * 2 ** 31);
    let handled = 0;
    for (let nth = 0; handled < EVENTS; nth++) handled += await run((first + nth) % 2 ** 31);
  });
}

/** @returns the number of events. */
async function run(seed: number): Promise<number> {
  const schedule = new Schedule(seed, settingsOf(seed));
  try {
    await schedule.start();
    for (let event = 0; event < EVENTS_A_RUN && !schedule.isOver; event++) await schedule.next();
    await schedule.calmDown();
    await schedule.stop();
    return schedule.handled;
  } catch (cause) {
    const message = `PREFORK_SCHEDULE_SEED=${seed} ${JSON.stringify(schedule.settings)}\n${schedule.history}`;
    throw new assert.AssertionError({ message: `${(cause as Error).message}\n${message}` });
  } finally {
    schedule.close();
  }
}
