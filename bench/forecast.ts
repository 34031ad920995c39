/** How long it will take: said before the start, and corrected by what the rounds so far took. Pure. */

import { type Act, turnsOf, type Turn } from './acts.ts';
import type { Lengths, Scenario } from './scenario.ts';
import type { System } from './system.ts';

/** Starting, settling, checking and stopping a Node server with two workers, seconds; a system may say that it takes more. */
const START_SECONDS = 0.5;

/** Seconds. */
export function turnSeconds({ system, scenarios }: Turn, lengths: Lengths): number {
  const { startSeconds = START_SECONDS } = system;
  return scenarios.reduce((sum, scenario) => sum + scenario.seconds(lengths, startSeconds), startSeconds);
}

/** Seconds of each round. */
export function forecast(
  acts: readonly Act[],
  rounds: number,
  takesPart: (scenario: Scenario) => readonly System[],
  lengths: Lengths,
): number[] {
  return Array.from({ length: rounds }, (_, index) =>
    turnsOf(acts, index + 1, takesPart, () => 0).reduce((sum, turn) => sum + turnSeconds(turn, lengths), 0),
  );
}

/** Seconds that are left after `done` rounds, at the pace of those. */
export function remaining(forecasts: readonly number[], done: number, took: number): number {
  return (total(forecasts.slice(done)) * took) / total(forecasts.slice(0, done));
}

export const total = (seconds: readonly number[]): number => seconds.reduce((sum, one) => sum + one, 0);

export const minutes = (seconds: number): string =>
  seconds < 60 ? `${Math.ceil(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
