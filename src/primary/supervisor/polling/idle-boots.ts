import { BEAT_MS } from '../../../contract/limits.ts';
import type { Row } from '../../../scoreboard/layout.ts';
import type { WorkerId } from '../../fleet/ids.ts';
import type { Settings } from '../../../options/index.ts';
import { IDLE_SHARE } from '../../fleet/health.ts';
import type { Fleet, Worker } from '../../fleet/fleet.ts';
import type { Log } from '../../telemetry/log.ts';

/**
 * The number of idle looks in a row after which the worker is logged, which is a second: a database may be slow to
 * answer.
 */
const IDLE_LOOKS = 4;

/** The words for what prefork waits for, by `--ready`. */
const whys: Readonly<Record<Settings['ready'], string>> = {
  listen:
    "it runs, and has opened no address: ready means that it listens, or calls process.send('ready'); --ready start waits for neither",
  message:
    "it runs, and has not called process.send('ready'), or worker.ready() of prefork/worker, which --ready message waits for",
  start: 'it has not begun to run its code, which --ready start waits for',
};

type Beat = Pick<Row, 'state' | 'heartbeat' | 'utilization'>;

/**
 * Finds workers that have loaded all their code and still open no address: a UDP server, a consumer of a queue, or one
 * that waits for another server. With `--ready message` they may listen, and do not say that they are ready. The log
 * says at once what prefork waits for, and not when the time for it is over. It says so once for each generation.
 */
export class IdleBoots {
  readonly #log: Log;
  readonly #ready: () => Settings['ready'];
  #looks: ReadonlyMap<WorkerId, number> = new Map();
  #toldGeneration = 0;

  constructor(log: Log, ready: () => Settings['ready']) {
    this.#log = log;
    this.#ready = ready;
  }

  /** @param now the monotonic time, ms. */
  look({ workers, generation }: Fleet, beatOf: (worker: WorkerId) => Beat | undefined, now: number): void {
    if (this.#toldGeneration === generation) return;
    const looks = new Map<WorkerId, number>();
    for (const worker of workers.values()) {
      const beat = beatOf(worker.id);
      if (beat === undefined || !this.#isAwaited(worker, beat) || !isIdle(beat, now)) continue;
      looks.set(worker.id, (this.#looks.get(worker.id) ?? 0) + 1);
      if (looks.get(worker.id)! < IDLE_LOOKS) continue;
      this.#toldGeneration = generation;
      this.#log('not ready yet', { worker, why: whys[this.#ready()] });
      return;
    }
    this.#looks = looks;
  }

  #isAwaited({ state, hasSaidReady }: Worker, beat: Beat): boolean {
    if (this.#ready() === 'message') return (state === 'booting' || state === 'taking') && !hasSaidReady;
    return state === 'booting' && beat.state === 'booting';
  }
}

/** Whether the worker is idle. A worker that reads a large file of code at a stretch does not beat. */
function isIdle({ heartbeat, utilization }: Beat, now: number): boolean {
  return heartbeat > 0 && now - heartbeat < 2 * BEAT_MS && utilization < IDLE_SHARE;
}
