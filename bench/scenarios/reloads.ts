/** Reloads, one after another, that clients are watched during. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Lengths } from '../scenario.ts';
import type { Server } from '../server.ts';

export const RELOADS = 20;
const QUICK_RELOADS = 2;

/** Before the first reload all clients are connected. What the last one closes is counted, too. */
const BEFORE_MS = 1000;
const AFTER_MS = 1500;

/** About how long a reload takes, to say how long it all will take: node:cluster waits 2 s for each of its workers. */
const RELOAD_SECONDS = 2.5;

const countOf = ({ quick }: Pick<Lengths, 'quick'>): number => (quick ? QUICK_RELOADS : RELOADS);

export const reloadSeconds = (lengths: Lengths): number =>
  countOf(lengths) * RELOAD_SECONDS + (BEFORE_MS + AFTER_MS) / 1000;

/**
 * @param whenConnected is called before the first reload
 * @returns how long each took, ms
 */
export async function reloaded(
  server: Server,
  lengths: Pick<Lengths, 'quick'>,
  whenConnected: () => void = () => {},
): Promise<number[]> {
  const times: number[] = [];
  await sleep(BEFORE_MS);
  whenConnected();
  while (times.length < countOf(lengths)) {
    const start = performance.now();
    await server.system.reload!(server);
    times.push(performance.now() - start);
  }
  await sleep(AFTER_MS);
  return times;
}
