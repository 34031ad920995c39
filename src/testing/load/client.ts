import { Lost } from './loss.ts';
import type { Period } from './period.ts';
import type { Recorder } from './recorder.ts';
import { judge, nameOf, prepare, type LoadRequest } from './request.ts';
import type { Style, Way } from './ways/way.ts';

/** After a loss a client rests this long, so that a closed port is not hammered. */
const PAUSE_AFTER_LOSS_MS = 10;

interface Job {
  readonly request: LoadRequest;
  /** The name of the request in reports. */
  readonly kind: string;
}

/**
 * Sends one request after another, each when the answer to the one before has arrived. The client owns its way to the
 * server.
 */
export class Client {
  readonly #way: Way;
  readonly #jobs: readonly Job[];
  readonly #recorder: Recorder;
  readonly #pause: number;
  #next: number;
  /** How many requests it has sent, and the number of the one that was answered last. Both count from 1. */
  #sent = 0;
  #lastAnswered = 0;

  /**
   * Creates a client.
   *
   * @param first the index of its first job.
   */
  constructor(way: Way, jobs: readonly Job[], first: number, recorder: Recorder, pause: number) {
    this.#way = way;
    this.#jobs = jobs;
    this.#next = first;
    this.#recorder = recorder;
    this.#pause = pause;
  }

  get sent(): number {
    return this.#sent;
  }

  /** The number of the request that was answered last, from 1. */
  get lastAnswered(): number {
    return this.#lastAnswered;
  }

  /** Sends requests until the period is over, and still waits for the answer in flight. */
  async run(period: Period, answered: () => void): Promise<void> {
    while (!period.isOver) {
      const isAnswered = await this.#exchange();
      if (isAnswered) answered();
      await period.rest(isAnswered ? this.#pause : Math.max(this.#pause, PAUSE_AFTER_LOSS_MS));
    }
    this.#way.end();
  }

  /**
   * Sends a request.
   *
   * @returns true when it was answered, false when it was lost.
   */
  async #exchange(): Promise<boolean> {
    const { request, kind } = this.#jobs[this.#next++ % this.#jobs.length]!;
    const sent = prepare(request);
    const number = ++this.#sent;
    const sentAt = performance.now();
    try {
      const answer = await this.#way.ask(sent);
      judge(request, answer, sent);
      this.#recorder.answer(kind, performance.now() - sentAt);
      this.#lastAnswered = number;
      return true;
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      this.#recorder.lose(kind, error, performance.now() - sentAt, this.#way.history);
      return false;
    }
  }
}

export function jobsOf(requests: readonly LoadRequest[], style: Style): Job[] {
  return requests.map((request) => ({ request, kind: `${nameOf(request)}, ${style} connections` }));
}
