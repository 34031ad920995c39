import { findAgain, type RunningServer } from '../../control/client.ts';
import type { Status } from '../../control/controls.ts';
import { PreforkError } from '../../errors.ts';
import { readableStatus } from '../readable.ts';
import { cpuTimes } from './cpu.ts';
import type { Sample } from './history.ts';
import { roster } from './roster.ts';

/** The longest wait for a status. The primary answers at once, however busy its workers are. */
const STATUS_TIMEOUT_MS = 3000;

/** The processes whose CPU time is read: each is a file, and a hostile server can name processes without end. */
const MOST_TIMES = 2048;

/** Samples one server by its name, so that a reload, an upgrade or a restart does not end the feed. */
export class Feed {
  #server: RunningServer;

  constructor(server: RunningServer) {
    this.#server = server;
  }

  get server(): RunningServer {
    return this.#server;
  }

  /**
   * Takes one sample.
   *
   * @throws PreforkError `ERR_NOT_RUNNING` when the server is gone, `ERR_NO_ANSWER` when it does not answer.
   */
  async look(): Promise<Sample> {
    try {
      return await this.#sample();
    } catch (error) {
      if (!(error instanceof PreforkError) || error.code !== 'ERR_NOT_RUNNING') throw error;
      this.#server = await findAgain(this.#server);
      return this.#sample();
    }
  }

  async #sample(): Promise<Sample> {
    return sampleOf(await readableStatus(this.#server, STATUS_TIMEOUT_MS));
  }
}

/** Completes a status that has just come. */
export function sampleOf(status: Status): Sample {
  const at = performance.now();
  const pids = roster(status).flatMap(({ worker }) => worker?.pid ?? []);
  pids.length = Math.min(pids.length, MOST_TIMES);
  return { at, status, cpuTimes: cpuTimes(pids, status.pid) };
}
