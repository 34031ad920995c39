/**
 * Judges the health of workers by their rows in the scoreboard: whether their event loops turn, and whether it is time
 * to replace them. The functions are pure. The caller reads the rows and the clock.
 */
import { BEAT_MS, HUNG_AFTER_MS } from '../../contract/limits.ts';
import type { RecycleReason } from '../exits/exit.ts';
import type { FleetEvent } from './events.ts';
import type { WorkerId } from './ids.ts';
import type { Worker } from './fleet.ts';

/** A look that comes this much later than it should shows that the primary itself was held up, if it did not compute meanwhile. */
const OVERSLEPT_MS = 3 * BEAT_MS;

/** A primary that computed for this share of the time was awake. One that is stopped computes nothing. */
const AWAKE_SHARE = 0.25;

/** Limits are lowered by up to this share. Each worker has another share, so that workers do not go together. */
const JITTER = 0.1;

/** The event loop of a booting worker that is busy for less than this share of the time waits for something outside. */
export const IDLE_SHARE = 0.1;

/**
 * How long a worker may stand still whose release was taken back while it hung already. Its clients wait for nothing else, and would get
 * their answers from the release that serves. A worker that is silent for less may only be overloaded.
 */
const TAKEN_BACK_MS = 5000;

/** The oldest beat that says how busy a booting worker is, and the time after the fork from which its beats say it. */
const FRESH_MS = 2 * BEAT_MS;
const FIRST_BEAT_MS = 500;

/** The part of a row that counts here. */
export interface Beat {
  /** The time of the last beat, monotonic, ms. */
  readonly heartbeat: number;
  readonly requestsFinished: number;
  /** The resident memory in bytes. */
  readonly rss: number;
  /** How busy the event loop was in the last beat, 0 to 1. */
  readonly utilization: number;
}

export interface WatchSettings {
  /** The heartbeat timeout, ms; 0 is off. */
  readonly heartbeatTimeout: number;
  readonly maxRequests: number;
  /** The most bytes of resident memory; 0 is off. */
  readonly maxMemory: number;
  /** The longest life, ms; 0 is off. */
  readonly maxLifetime: number;
}

/** The time of the last look, and the time since which the primary has not been held up. */
export interface Watch {
  readonly lookedAt: number;
  readonly awakeSince: number;
}

export function newWatch(at: number): Watch {
  return { lookedAt: at, awakeSince: at };
}

/**
 * A primary that slept (SIGSTOP, a suspended laptop, a machine out of CPU) has heard no heartbeats either. So no worker
 * is blamed for the time before the primary woke up. Pitchfork's monitor has the same rule.
 *
 * A primary that was only busy has slept through nothing. What keeps it busy may be a worker, and would keep it from seeing hangs.
 *
 * @param busy the CPU time that the primary has used since the last look, ms
 */
export function look({ lookedAt, awakeSince }: Watch, at: number, busy: number): Watch {
  const passed = at - lookedAt;
  return { lookedAt: at, awakeSince: passed > OVERSLEPT_MS && busy < AWAKE_SHARE * passed ? at : awakeSince };
}

/** Returns the events that one worker's row causes. */
export function judge(worker: Worker, beat: Beat, watch: Watch, settings: WatchSettings): FleetEvent[] {
  const { id } = worker;
  if (waitsForOthers(worker, beat, watch)) return [{ type: 'idle', worker: id }];
  if (worker.state !== 'serving' && worker.state !== 'parked' && worker.state !== 'draining') return [];
  const silent = watch.lookedAt - Math.max(beat.heartbeat, watch.awakeSince);
  if (silent >= HUNG_AFTER_MS) return judgeSilence(worker, silent, watch.lookedAt, settings);
  if (worker.isHung) return [{ type: 'beating', worker: id }];
  if (worker.state === 'draining') return [];
  // A replacement would take away what the tool looks for, and a heap snapshot alone makes the worker large.
  if (worker.heldUntil > watch.lookedAt || worker.state === 'parked') return [];
  const reason = recycleReason(worker, beat, watch.lookedAt, settings);
  return reason === undefined ? [] : [{ type: 'operate', kind: 'recycle', target: { worker: id, reason } }];
}

/**
 * Whether a worker that boots has nothing to do. A utilization of 0 says nothing, as its event loop has not begun then.
 * While it loads modules without a pause, it does not beat.
 */
function waitsForOthers(
  { state, bootedAt, isIdle, forkedAt }: Worker,
  { heartbeat, utilization }: Beat,
  { lookedAt }: Watch,
): boolean {
  const isBooting = (state === 'booting' || state === 'taking') && bootedAt === undefined;
  const isFresh = lookedAt - heartbeat <= FRESH_MS && heartbeat - forkedAt >= FIRST_BEAT_MS;
  return isBooting && !isIdle && isFresh && utilization > 0 && utilization < IDLE_SHARE;
}

/**
 * A worker that is held stands still for a reason. Others accept for it as for any worker that hangs, but its silence
 * counts only from the end of the hold. One that drains accepts nothing, so it needs no help.
 */
function judgeSilence(worker: Worker, silent: number, at: number, settings: WatchSettings): FleetEvent[] {
  const { id, state, isHung, isGivenUp, heldUntil } = worker;
  const unexplained = Math.min(silent, at - heldUntil);
  const patience = patienceWith(worker, settings);
  const isOver = patience > 0 && unexplained >= patience && !isGivenUp;
  return [
    ...(isHung || state === 'draining' ? [] : [{ type: 'hung', worker: id, silent } as const]),
    ...(isOver ? [{ type: 'silent', worker: id, silent } as const] : []),
  ];
}

/** What is left of a release that was taken back, and hung at that time, has to beat again soon. @returns ms; 0 for no limit. */
function patienceWith({ state, asked, isHung }: Worker, { heartbeatTimeout }: WatchSettings): number {
  const isTakenBack = state === 'draining' && isHung && (asked === 'abort' || asked === 'rollback');
  return isTakenBack ? Math.min(TAKEN_BACK_MS, heartbeatTimeout) : heartbeatTimeout;
}

function recycleReason(
  { id, bootedAt = 0, hasFailedCode }: Worker,
  { requestsFinished, rss }: Beat,
  at: number,
  { maxRequests, maxMemory, maxLifetime }: WatchSettings,
): RecycleReason | undefined {
  const isOver = (value: number, limit: number): boolean => limit > 0 && value >= limit * lowering(id);
  if (hasFailedCode) return 'failed-reload';
  if (isOver(requestsFinished, maxRequests)) return 'max-requests';
  if (isOver(rss, maxMemory)) return 'max-memory';
  if (isOver(at - bootedAt, maxLifetime)) return 'max-lifetime';
  return undefined;
}

/**
 * Returns a factor between 1 - JITTER and 1. Multiples of the golden ratio are spread evenly, however many there are.
 */
function lowering(id: WorkerId): number {
  return 1 - JITTER * ((id * 0.618_033_988_749_895) % 1);
}
