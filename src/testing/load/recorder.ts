import type { Lost, LossCause } from './loss.ts';
import type { ConnectionEvents, ConnectionHistory } from './route.ts';
import { Tally, type Counts } from './tally.ts';

/** A request that was lost. */
export interface Loss {
  readonly cause: LossCause;
  /** The kind of request, such as `POST /orders, new connections`. */
  readonly kind: string;
  /** The message of the system, of node or of the check. */
  readonly detail: string;
  /** When it was lost, in ms since the epoch, like the times of `App.output`. */
  readonly at: number;
  /** The time since it was sent, in ms. */
  readonly waited: number;
  /** Undefined when there was no connection to send it on. */
  readonly connection: ConnectionHistory | undefined;
}

/** The report of a load: the sum over all kinds of requests, each kind, and details of the losses. */
export interface LoadReport extends Counts {
  readonly clients: number;
  /** How long the load was on, in ms. */
  readonly duration: number;
  readonly connections: {
    readonly opened: number;
    /** Connections that the server closed while no request was on them. Nothing was lost by that. */
    readonly closedIdle: number;
  };
  /**
   * HTTP/2 requests that were sent again because the server had refused them unprocessed (RFC 9113, section 8.7). They
   * are not lost.
   */
  readonly retried: number;
  /** The retried requests that had reached the wire. node:http2 had not sent the others yet when GOAWAY came. */
  readonly turnedAway: number;
  /** The counts by kind, such as `GET /, kept connections`. */
  readonly kinds: Readonly<Record<string, Counts>>;
  /** The first losses. */
  readonly losses: readonly Loss[];
}

/** The number of losses that are kept, which is enough to understand them. */
const MOST_LOSSES = 20;

/** Records the outcome of each request of a load. */
export class Recorder implements ConnectionEvents {
  readonly #clients: number;
  readonly #startedAt = performance.now();
  readonly #total = new Tally();
  readonly #kinds: ReadonlyMap<string, Tally>;
  readonly #losses: Loss[] = [];
  #duration: number | undefined;
  #opened = 0;
  #closedIdle = 0;
  #retried = 0;
  #turnedAway = 0;

  constructor(clients: number, kinds: Iterable<string>) {
    this.#clients = clients;
    this.#kinds = new Map([...kinds].map((kind) => [kind, new Tally()]));
  }

  get answered(): number {
    return this.#total.answered;
  }

  /**
   * Records an answer.
   *
   * @param took the time in ms.
   */
  answer(kind: string, took: number): void {
    this.#total.answer(took);
    this.#kinds.get(kind)!.answer(took);
  }

  lose(kind: string, { loss, message }: Lost, waited: number, connection: ConnectionHistory | undefined): void {
    this.#total.lose(loss);
    this.#kinds.get(kind)!.lose(loss);
    if (this.#losses.length >= MOST_LOSSES) return;
    this.#losses.push({ cause: loss, kind, detail: message, at: Date.now(), waited, connection });
  }

  opened(): void {
    this.#opened++;
  }

  closedIdle(): void {
    this.#closedIdle++;
  }

  retried(wasSent: boolean): void {
    this.#retried++;
    if (wasSent) this.#turnedAway++;
  }

  /** Ends the recording. No further request is sent, but those in flight still count. */
  stop(): void {
    this.#duration ??= performance.now() - this.#startedAt;
    for (const tally of [this.#total, ...this.#kinds.values()]) tally.stop();
  }

  report(): LoadReport {
    return {
      ...this.#total.counts(),
      clients: this.#clients,
      duration: this.#duration ?? performance.now() - this.#startedAt,
      connections: { opened: this.#opened, closedIdle: this.#closedIdle },
      retried: this.#retried,
      turnedAway: this.#turnedAway,
      kinds: Object.fromEntries([...this.#kinds].map(([kind, tally]) => [kind, tally.counts()])),
      losses: [...this.#losses],
    };
  }
}
