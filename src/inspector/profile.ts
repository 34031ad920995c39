import type { Profiler } from 'node:inspector';
import { InspectorError } from './error.ts';
import type { Session } from './session.ts';

export type Profile = Profiler.Profile;

export interface ProfileOptions {
  /** Between two samples, µs. */
  readonly interval: number;
  /** It has been in one piece of JavaScript for long. */
  readonly isStuck: boolean;
  /** Ends the recording. When it rejects there is no profile, and the end of the session ends the recording. */
  readonly until: () => Promise<unknown>;
}

/**
 * Records where the JavaScript of a process spends its time: V8's sampling profiler, which does nothing before and after.
 *
 * @returns what a `.cpuprofile` has, as JSON.
 * @throws InspectorError when the session ends before.
 */
export async function recordProfile(session: Session, { interval, isStuck, until }: ProfileOptions): Promise<Profile> {
  await session.call('Profiler.enable');
  await session.call('Profiler.setSamplingInterval', { interval });
  await session.call('Profiler.start');
  if (isStuck) await forgetOptimized(session);
  await until();
  const { profile } = await session.call('Profiler.stop');
  session.call('Profiler.disable').catch(() => {});
  if (!isProfile(profile)) throw new InspectorError('its inspector answered no profile');
  return profile;
}

/** What is in it is for the tool that opens it. */
function isProfile(value: unknown): value is Profile {
  const { nodes, samples = [] } = (value ?? {}) as Partial<Record<keyof Profile, unknown>>;
  return Array.isArray(nodes) && Array.isArray(samples);
}

/**
 * The profiler knows code that is made while it runs, and what functions have. A loop that runs for long gets optimized code
 * that is neither: what is in it would go to its caller. To count calls exactly V8 throws all optimized code away, and makes
 * it anew under the profiler's eyes. That slows down for a moment what is stuck anyway.
 */
async function forgetOptimized(session: Session): Promise<void> {
  await session.call('Profiler.startPreciseCoverage', { callCount: false, detailed: false });
  await session.call('Profiler.stopPreciseCoverage');
}
