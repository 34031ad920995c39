/**
 * Keeps connections busy, each sending its next request when the answer to the last is there, until its parent says `stop`;
 * then it waits for what is in flight, tells the parent what came of all, and ends. A program of its own, started by
 * busy.ts.
 */

import { Connection, type Loss, LOSSES, Lost, type Target } from './client.ts';

/** After a loss a connection waits this long, ms, so that a closed port is not hammered. */
const PAUSE_AFTER_LOSS = 10;

export interface Task {
  readonly target: Target;
  readonly expected: { readonly status: number; readonly body: string };
  /** How many connections are kept, and how many are made anew for each request, side by side. */
  readonly kept: number;
  readonly renewed: number;
  /** How many more are kept, and pause so long after each answer, ms. @default 0 */
  readonly pausing?: number;
  readonly pauseMs?: number;
}

export interface Outcome {
  /** Answered as expected. */
  readonly answered: number;
  readonly lost: Readonly<Record<Loss, number>>;
  /** Connections that were to be kept, and that the server has ended. */
  readonly ended: number;
  /** Those of them that a response had said `Connection: close` on. */
  readonly told: number;
  /** The longest time in which no answer came, ms. */
  readonly longestGap: number;
  readonly seconds: number;
}

class Tally {
  answered = 0;
  ended = 0;
  told = 0;
  readonly lost = Object.fromEntries(LOSSES.map((loss) => [loss, 0])) as Record<Loss, number>;
  #longestGap = 0;
  readonly #start = performance.now();
  #lastAnswer = this.#start;
  #seconds: number | undefined;

  answer(): void {
    this.answered++;
    this.#breakSilence();
  }

  /** No further request is sent. What is in flight is still counted, but that nothing else comes is no silence. */
  stop(): void {
    this.#breakSilence();
    this.#seconds = (performance.now() - this.#start) / 1000;
  }

  get isOver(): boolean {
    return this.#seconds !== undefined;
  }

  outcome(): Outcome {
    const { answered, lost, ended, told } = this;
    return { answered, lost, ended, told, longestGap: this.#longestGap, seconds: this.#seconds ?? NaN };
  }

  #breakSilence(): void {
    if (this.isOver) return;
    const now = performance.now();
    this.#longestGap = Math.max(this.#longestGap, now - this.#lastAnswer);
    this.#lastAnswer = now;
  }
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function keepBusy({ target, expected }: Task, keeps: boolean, tally: Tally, pauseMs = 0): Promise<void> {
  const asked = keeps ? target : { ...target, headers: { ...target.headers, Connection: 'close' } };
  let connection: Connection | undefined;
  while (!tally.isOver) {
    // A server may close a connection that is idle: no request is lost by it.
    if (connection?.isOver) {
      if (keeps) tally.ended++;
      connection = undefined;
    }
    connection ??= new Connection(asked);
    let closes = !keeps;
    try {
      const answer = await connection.ask();
      if (keeps && answer.closes) {
        tally.ended++;
        tally.told++;
      }
      closes ||= answer.closes;
      if (answer.status === expected.status && answer.body === expected.body) tally.answer();
      else tally.lost.wrong++;
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      tally.lost[error.loss]++;
      // Where nobody listens there was no connection.
      if (keeps && error.loss !== 'refused') tally.ended++;
      closes = true;
      await after(PAUSE_AFTER_LOSS);
    }
    if (closes) {
      connection?.end();
      connection = undefined;
    }
    if (pauseMs > 0) await after(pauseMs);
  }
  connection?.end();
}

process.once('message', async (task: Task) => {
  const tally = new Tally();
  process.once('message', () => tally.stop());
  const busy = (count: number, keeps: boolean, pauseMs?: number): Promise<void>[] =>
    Array.from({ length: count }, () => keepBusy(task, keeps, tally, pauseMs));
  await Promise.all([
    ...busy(task.kept, true),
    ...busy(task.renewed, false),
    ...busy(task.pausing ?? 0, true, task.pauseMs),
  ]);
  process.send!(tally.outcome(), () => process.disconnect());
});
