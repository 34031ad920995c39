import { Connection } from '../load/connection.ts';
import { Lost, type LossCause } from '../load/loss.ts';
import type { Period } from '../load/period.ts';
import { judge, prepare, type LoadRequest } from '../load/request.ts';
import type { ConnectionHistory, Route } from '../load/route.ts';

/**
 * How a connection came to its end. `told`: an answer said `Connection: close`; `idle`: it was closed while no request was on it; the
 * others: what became of the request that was on it.
 */
export type ClosedBy = 'told' | 'idle' | LossCause;

/** The end of one connection. */
export interface End {
  readonly cause: ClosedBy;
  readonly detail: string;
  /** The time in ms since the epoch. */
  readonly at: number;
  readonly history: ConnectionHistory;
}

/** A client with one connection for as long as that lives: it never connects again. Owns it; `end` closes it. */
export class KeptClient {
  readonly #connection: Connection;
  readonly #requests: readonly LoadRequest[];
  #next: number;
  #answered = 0;
  #end: End | undefined;

  /** @param first which of the requests it begins with. */
  constructor(route: Route, requests: readonly LoadRequest[], first: number) {
    this.#requests = requests;
    this.#next = first;
    this.#connection = new Connection(route, {
      opened: () => {},
      closedIdle: () => this.#ended('idle', 'the server closed it while no request was on it'),
      retried: () => {},
    });
  }

  get answered(): number {
    return this.#answered;
  }

  /** Undefined while it is open. */
  get ending(): End | undefined {
    return this.#end;
  }

  /** Sends one request and waits for the answer, if the connection is open. */
  async ask(): Promise<void> {
    if (this.#end !== undefined) return;
    const request = this.#requests[this.#next++ % this.#requests.length]!;
    const sent = prepare(request);
    try {
      const answer = await this.#connection.ask(sent, false);
      judge(request, answer, sent);
      this.#answered++;
      if (answer.closes) this.#ended('told', 'an answer said Connection: close');
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      this.#ended(error.loss, error.message);
    }
  }

  /** Sends one request after another. @param pause between an answer and the next request, ms */
  async keepAsking(period: Period, pause: number): Promise<void> {
    while (!period.isOver && this.#end === undefined) {
      await this.ask();
      await period.rest(pause);
    }
  }

  end(): void {
    this.#connection.end();
  }

  #ended(cause: ClosedBy, detail: string): void {
    this.#end ??= { cause, detail, at: Date.now(), history: this.#connection.history };
    this.#connection.end();
  }
}
