import { scaleHolds, scaleReasons, type AutoscaleStatus } from '../contract/autoscaling.ts';
import { duration } from './duration.ts';

/**
 * Says in one line what autoscaling sees and does, and why.
 *
 * @param now ms since 1970, to say how long ago an event was.
 */
export function autoscaleLine(
  { least, most, demand, hold, paused, last }: Omit<AutoscaleStatus, 'utilization' | 'fitting'>,
  now: number,
): string {
  const ago = (at: string): string => `${duration(Math.max(0, now - Date.parse(at)))} ago`;
  const parts = [
    `workers ${least}..${most}`,
    `demand ${demand === null ? 'unknown' : demand.toFixed(2)}`,
    ...(last === null ? [] : [`${last.from} to ${last.to} ${ago(last.at)}: ${wordsOf(scaleReasons, last.reason)}`]),
    ...(paused === null ? [] : [`paused by ${paused.by} ${ago(paused.at)}: prefork scale auto resumes it`]),
    ...(hold === null ? [] : [`held: ${wordsOf(scaleHolds, hold)}`]),
  ];
  return parts.join(', ');
}

/** Another version of prefork may have words that this one does not know. */
function wordsOf<Word extends string>(table: Readonly<Record<Word, string>>, word: Word): string {
  return Object.hasOwn(table, word) ? table[word] : word;
}
