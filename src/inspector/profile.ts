import type { Profiler } from 'node:inspector';
import type { Session } from './session.ts';

export type Profile = Profiler.Profile;

export interface ProfileOptions {
  /** Between two samples, µs. */
  readonly interval: number;
  /** Ends the recording. When it rejects there is no profile, and the end of the session ends the recording. */
  readonly until: () => Promise<unknown>;
}

/**
 * Records where the JavaScript of a process spends its time: V8's sampling profiler, which does nothing before and after.
 *
 * @returns what a `.cpuprofile` has, as JSON.
 * @throws InspectorError when the session ends before.
 */
export async function recordProfile(session: Session, { interval, until }: ProfileOptions): Promise<Profile> {
  await session.call('Profiler.enable');
  await session.call('Profiler.setSamplingInterval', { interval });
  await session.call('Profiler.start');
  await until();
  const { profile } = await session.call('Profiler.stop');
  session.call('Profiler.disable').catch(() => {});
  return profile as Profile;
}
