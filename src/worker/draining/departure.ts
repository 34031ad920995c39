import type { ServerHttp2Session } from 'node:http2';
import { writeBesideHttp2 } from '../node-internals/index.ts';

/** A client that asks for nothing for so long is idle, and not just held up. */
const IDLE_MS = 500;

/** How many requests a client has in flight at most is not known sooner. */
const SHORTEST_WATCH_MS = 100;

/** The end waits so long for as many requests in flight as the session ever had. Then as many as in this time are enough. */
const WATCH_MS = 1000;

/** When no better moment comes, the end is announced so long after the beginning of the drain. */
const PATIENCE_MS = 2000;

/** On a connection with bytes that wait to be sent, the announcement is tried again after this time. */
const RETRY_MS = 25;

/** GOAWAY without an error, whose last stream is the highest that there can be: "I will leave, and serve what is on its way". */
const ANNOUNCEMENT = Uint8Array.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

type State = 'waiting' | 'announced' | 'closing';

/** What is known of the requests of a session. */
export interface SessionLoad {
  /** Requests that are not answered. */
  readonly inFlight: number;
  /** The most that were ever in flight at once. */
  readonly peak: number;
  /** The session has not had a request. */
  readonly isFresh: boolean;
}

/**
 * The end of one HTTP/2 session at a drain, in two steps (RFC 9113, 6.8). The end is announced, and requests that cross the
 * announcement on the wire are served. A round trip later GOAWAY names the last of them. So none is refused.
 *
 * `session.goaway()` cannot announce: after any GOAWAY of its own nghttp2 ignores new streams, whatever id that carried. So the
 * announcement is written beside nghttp2, which cannot be done over TLS. There the end has one step, and a request that
 * crosses it is refused unprocessed, which its client is told.
 *
 * Therefore the moment counts. The moment also counts for clients in Node, which refuse by themselves what they have not sent
 * when a GOAWAY comes. A good moment is when a request has just been read and as many are in flight as ever. Clients with a
 * fixed number of requests at a time, such as proxies with one, wait for answers then and send nothing.
 *
 * Owns a timer, which ends with the session.
 */
export class Departure {
  readonly #session: ServerHttp2Session;
  readonly #load: SessionLoad;
  readonly #startedAt = performance.now();
  #state: State = 'waiting';
  /** The most requests in flight since the drain began. */
  #seen: number;
  /** Undefined before the session's first request: that one is mostly on its way, and others with it. */
  #watchedSince: number | undefined;
  #timer: NodeJS.Timeout;

  constructor(session: ServerHttp2Session, load: SessionLoad) {
    this.#session = session;
    this.#load = load;
    this.#seen = load.inFlight;
    if (!load.isFresh) this.#watchedSince = this.#startedAt;
    this.#timer = load.isFresh ? setTimeout(() => this.#leave(), PATIENCE_MS) : setTimeout(this.#onIdle, IDLE_MS);
    session.once('close', () => clearTimeout(this.#timer));
  }

  /** To be called for each request, after it was counted and before the application sees it. */
  asked(): void {
    if (this.#state !== 'waiting') return;
    const { inFlight, peak } = this.#load;
    this.#seen = Math.max(this.#seen, inFlight);
    const now = performance.now();
    const watched = now - (this.#watchedSince ??= now);
    if (watched >= SHORTEST_WATCH_MS && inFlight >= (watched < WATCH_MS ? peak : this.#seen)) this.#leave();
  }

  /** No further request is served. */
  close(): void {
    clearTimeout(this.#timer);
    this.#state = 'closing';
    this.#session.close();
  }

  readonly #onIdle = (): void => {
    if (this.#seen === 0) this.#leave();
    else this.#timer = setTimeout(() => this.#leave(), PATIENCE_MS - IDLE_MS);
  };

  #leave(): void {
    clearTimeout(this.#timer);
    switch (writeBesideHttp2(this.#session, ANNOUNCEMENT)) {
      case 'done':
        return this.#closeAfterRoundTrip();
      case 'later':
        this.#timer = setTimeout(() => this.#leave(), RETRY_MS);
        return;
      case 'never':
        // The requests of a new session that its client has sent come before the answer to a ping does.
        if (this.#load.isFresh) this.#closeAfterRoundTrip();
        else this.close();
    }
  }

  /** A round trip later, all that the client sent before the announcement came has been read. */
  #closeAfterRoundTrip(): void {
    this.#state = 'announced';
    const { destroyed, closed } = this.#session;
    if (destroyed || closed || !this.#session.ping(() => this.close())) this.close();
  }
}
