/**
 * `prefork/state` has caches, counters, locks, channels and jobs that all workers share. A process without prefork has
 * them for itself.
 *
 * @example
 * import { openState } from 'prefork/state';
 * const state = await openState();
 * const visits = await state.counter('visits').add(1);
 */
export { StateError, type StateErrorCode } from './state/error.ts';
export { openState, type StateOptions } from './state/open.ts';
export type { Size, Time } from './state/arguments.ts';
export type { Cache, CacheOptions } from './state/cache.ts';
export type { CacheStats } from './state/cache-metrics.ts';
export type { Channel } from './state/channel.ts';
export type { AddOptions, Counter } from './state/counter.ts';
export type { AreaSize } from './state/engine.ts';
export type { Duty, Leadership } from './state/leadership.ts';
export type { CounterOptions, LeaderOptions, LockOptions, State, StateEvents } from './state/state.ts';
