/**
 * What the workers' rows in the scoreboard say about their health: whether their event loops turn, and whether it is
 * time to replace them. Pure: looking at the rows, and at the clock, is the caller's.
 */
import { BEAT_MS, HUNG_AFTER_MS } from '../../contract/limits.ts';
import type { RecycleReason } from '../exits/exit.ts';
import type { FleetEvent, WorkerId } from './events.ts';
import type { Worker } from './fleet.ts';

/** A look that comes so much later than it should says that the primary itself was held up, ms. */
const OVERSLEPT = 3 * BEAT_MS;

/** Limits are lowered by up to this share, each worker's by another one, so that workers do not go together. */
const JITTER = 0.1;

/** What is looked at of a row. */
export interface Beat {
  /** Monotonic time, ms. */
  readonly heartbeat: number;
  readonly requestsFinished: number;
  /** Bytes. */
  readonly rss: number;
}

export interface WatchSettings {
  /** ms; 0 is off. */
  readonly heartbeatTimeout: number;
  readonly maxRequests: number;
  /** Bytes. */
  readonly maxMemory: number;
  /** ms. */
  readonly maxLifetime: number;
}

/** When the last look was, and since when the primary has not been held up. */
export interface Watch {
  readonly lookedAt: number;
  readonly awakeSince: number;
}

export function newWatch(at: number): Watch {
  return { lookedAt: at, awakeSince: at };
}

/**
 * A primary that slept (SIGSTOP, a suspended laptop, a machine out of CPU) has heard no heartbeats either: nobody is
 * blamed for the time before it woke up. Pitchfork's monitor has the same rule.
 */
export function look({ lookedAt, awakeSince }: Watch, at: number): Watch {
  return { lookedAt: at, awakeSince: at - lookedAt > OVERSLEPT ? at : awakeSince };
}

/** What there is to say of one worker. */
export function judge(worker: Worker, beat: Beat, watch: Watch, settings: WatchSettings): FleetEvent[] {
  if (worker.state !== 'serving') return [];
  const { id } = worker;
  const silent = watch.lookedAt - Math.max(beat.heartbeat, watch.awakeSince);
  if (silent >= HUNG_AFTER_MS) return judgeSilence(worker, silent, watch.lookedAt, settings);
  if (worker.isHung) return [{ type: 'beating', worker: id }];
  // What it is looked into for would be gone, and a heap snapshot alone makes it large.
  if (worker.heldUntil > watch.lookedAt) return [];
  const reason = recycleReason(worker, beat, watch.lookedAt, settings);
  return reason === undefined ? [] : [{ type: 'operate', kind: 'recycle', target: { worker: id, reason } }];
}

/** One that is held stands still for a reason, and is helped like any other; its silence counts from then on. */
function judgeSilence(
  { id, isHung, isGivenUp, heldUntil }: Worker,
  silent: number,
  at: number,
  { heartbeatTimeout }: WatchSettings,
): FleetEvent[] {
  const unexplained = Math.min(silent, at - heldUntil);
  const isOver = heartbeatTimeout > 0 && unexplained >= heartbeatTimeout && !isGivenUp;
  return [
    ...(isHung ? [] : [{ type: 'hung', worker: id, silent } as const]),
    ...(isOver ? [{ type: 'silent', worker: id, silent } as const] : []),
  ];
}

function recycleReason(
  { id, bootedAt = 0 }: Worker,
  { requestsFinished, rss }: Beat,
  at: number,
  { maxRequests, maxMemory, maxLifetime }: WatchSettings,
): RecycleReason | undefined {
  const isOver = (value: number, limit: number): boolean => limit > 0 && value >= limit * lowering(id);
  if (isOver(requestsFinished, maxRequests)) return 'max-requests';
  if (isOver(rss, maxMemory)) return 'max-memory';
  if (isOver(at - bootedAt, maxLifetime)) return 'max-lifetime';
  return undefined;
}

/** Between 1 - JITTER and 1. Multiples of the golden ratio are spread evenly, however many there are. */
function lowering(id: WorkerId): number {
  return 1 - JITTER * ((id * 0.618_033_988_749_895) % 1);
}
