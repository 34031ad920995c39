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
}

export interface Outcome {
  /** Answered as expected. */
  readonly answered: number;
  readonly lost: Readonly<Record<Loss, number>>;
  /** The longest time in which no answer came, ms. */
  readonly longestGap: number;
  readonly seconds: number;
}

class Tally {
  answered = 0;
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
    return { answered: this.answered, lost: this.lost, longestGap: this.#longestGap, seconds: this.#seconds ?? NaN };
  }

  #breakSilence(): void {
    if (this.isOver) return;
    const now = performance.now();
    this.#longestGap = Math.max(this.#longestGap, now - this.#lastAnswer);
    this.#lastAnswer = now;
  }
}

async function keepBusy({ target, expected }: Task, keeps: boolean, tally: Tally): Promise<void> {
  const asked = keeps ? target : { ...target, headers: { ...target.headers, Connection: 'close' } };
  let connection: Connection | undefined;
  while (!tally.isOver) {
    // A server may close a connection that is idle: no request is lost by it.
    if (connection?.isOver) connection = undefined;
    connection ??= new Connection(asked);
    let closes = !keeps;
    try {
      const answer = await connection.ask();
      closes ||= answer.closes;
      if (answer.status === expected.status && answer.body === expected.body) tally.answer();
      else tally.lost.wrong++;
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      tally.lost[error.loss]++;
      closes = true;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_LOSS));
    }
    if (closes) {
      connection?.end();
      connection = undefined;
    }
  }
  connection?.end();
}

process.once('message', async (task: Task) => {
  const tally = new Tally();
  process.once('message', () => tally.stop());
  const busy = (count: number, keeps: boolean): Promise<void>[] =>
    Array.from({ length: count }, () => keepBusy(task, keeps, tally));
  await Promise.all([...busy(task.kept, true), ...busy(task.renewed, false)]);
  process.send!(tally.outcome(), () => process.disconnect());
});
