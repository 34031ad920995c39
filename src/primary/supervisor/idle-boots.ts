import type { Row } from '../../scoreboard/layout.ts';
import type { WorkerId } from '../fleet/events.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Log } from '../telemetry/log.ts';
import { PERIOD } from '../fleet/health.ts';

/** A worker whose event loop is busy for less than this share of the time has nothing to load. */
const IDLE_SHARE = 0.1;

/** For so many looks in a row, which is a second: a database may be slow to answer. */
const IDLE_LOOKS = 4;

const WHY =
  "it runs, and has opened no address: ready means that it listens, or calls process.send('ready'); --ready start waits for neither";

type Beat = Pick<Row, 'state' | 'heartbeat' | 'elu'>;

/**
 * Workers that have loaded all their code and still open no address: a UDP server, a consumer of a queue, or one that waits
 * for another server. What prefork waits for is said at once, and not when the time for it is over. Once for each generation.
 */
export class IdleBoots {
  readonly #log: Log;
  #looks: ReadonlyMap<WorkerId, number> = new Map();
  #toldGeneration = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param now monotonic, ms. */
  look({ workers, generation }: Fleet, beatOf: (worker: WorkerId) => Beat | undefined, now: number): void {
    if (this.#toldGeneration === generation) return;
    const looks = new Map<WorkerId, number>();
    for (const worker of workers.values()) {
      const beat = beatOf(worker.id);
      if (worker.state !== 'booting' || beat === undefined || !isIdle(beat, now)) continue;
      looks.set(worker.id, (this.#looks.get(worker.id) ?? 0) + 1);
      if (looks.get(worker.id)! < IDLE_LOOKS) continue;
      this.#toldGeneration = generation;
      this.#log('not ready yet', { worker, why: WHY });
      return;
    }
    this.#looks = looks;
  }
}

/** One that reads a large file of code at a stretch does not beat. */
function isIdle({ state, heartbeat, elu }: Beat, now: number): boolean {
  return state === 'booting' && heartbeat > 0 && now - heartbeat < 2 * PERIOD && elu < IDLE_SHARE;
}
