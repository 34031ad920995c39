import type { Profiler } from 'node:inspector';
import { InspectorError } from './error.ts';
import type { Session } from './session.ts';

export type Profile = Profiler.Profile;

export interface ProfileOptions {
  /** The time between two samples in µs. */
  readonly interval: number;
  /** True when the process has been in one piece of JavaScript for long. */
  readonly isStuck: boolean;
  /**
   * Ends the recording when it resolves. When it rejects there is no profile, and the end of the session ends the
   * recording.
   */
  readonly until: () => Promise<unknown>;
}

/**
 * Records where the JavaScript of a process spends its time, by V8's sampling profiler. The profiler does nothing
 * before and after.
 *
 * @returns the content of a `.cpuprofile`, as JSON.
 * @throws InspectorError when the session ends early.
 */
export async function recordProfile(session: Session, { interval, isStuck, until }: ProfileOptions): Promise<Profile> {
  await session.call('Profiler.enable');
  await session.call('Profiler.setSamplingInterval', { interval });
  await session.call('Profiler.start');
  if (isStuck) await forgetOptimized(session);
  await until();
  const { profile } = await session.call('Profiler.stop');
  session.call('Profiler.disable').catch(() => {});
  if (!isProfile(profile)) throw new InspectorError('its inspector did not answer with a profile');
  return profile;
}

/** Checks the outline only. The details are for the tool that opens the profile. */
function isProfile(value: unknown): value is Profile {
  const { nodes, samples = [] } = (value ?? {}) as Partial<Record<keyof Profile, unknown>>;
  return Array.isArray(nodes) && Array.isArray(samples);
}

/**
 * Makes V8 recompile a loop that is stuck. The profiler knows code that is compiled while it runs, and code that
 * functions have. A loop that runs for long gets optimized code that is neither, and its time would be credited to its
 * caller. To count calls exactly, V8 discards all optimized code and compiles it again while the profiler watches. That
 * slows down for a moment a process that is stuck anyway.
 */
async function forgetOptimized(session: Session): Promise<void> {
  await session.call('Profiler.startPreciseCoverage', { callCount: false, detailed: false });
  await session.call('Profiler.stopPreciseCoverage');
}
