import type { Lost, LossCause } from './loss.ts';
import type { ConnectionEvents, ConnectionHistory } from './route.ts';
import { Tally, type Counts } from './tally.ts';

/** One request that was lost. */
export interface Loss {
  readonly cause: LossCause;
  /** `POST /orders, new connections` */
  readonly kind: string;
  /** What the system, node or the check said. */
  readonly detail: string;
  /** When it was lost, ms since the epoch, as the times of `App.output`. */
  readonly at: number;
  /** From when it was sent, ms. */
  readonly waited: number;
  /** Undefined when there was no connection to send it on. */
  readonly connection: ConnectionHistory | undefined;
}

/** What came of a load: the sum over all kinds of requests, each kind, and what is known of the losses. */
export interface LoadReport extends Counts {
  readonly clients: number;
  /** How long the load was on, ms. */
  readonly duration: number;
  readonly connections: {
    readonly opened: number;
    /** The server closed them while no request was on them. Nothing was lost by it. */
    readonly closedIdle: number;
  };
  /** HTTP/2: sent again as the server had refused them unprocessed, which RFC 9113, section 8.7, allows. Not lost. */
  readonly retried: number;
  /** Those of them that had reached the wire. The others node:http2 had not sent yet when GOAWAY came. */
  readonly turnedAway: number;
  /** By `GET /, kept connections` and so on. */
  readonly kinds: Readonly<Record<string, Counts>>;
  /** The first ones. */
  readonly losses: readonly Loss[];
}

/** Of losses: as many as help to understand them. */
const MOST_LOSSES = 20;

/** Takes down what comes of each request of a load. */
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

  /** @param took ms. */
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

  /** No further request is sent; what is in flight still counts. */
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
