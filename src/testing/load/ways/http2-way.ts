import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../answer.ts';
import { Lost } from '../loss.ts';
import type { Sent } from '../request.ts';
import type { ConnectionEvents, ConnectionHistory, Route } from '../route.ts';
import { Refused, Session } from '../session.ts';
import type { Way } from './way.ts';

/** The pause before the next attempt in ms. A server that refuses a stream may be at its limit of streams. */
const PAUSE_AFTER_REFUSAL_MS = 10;

/** The common part of both ways: a request that the server refuses is sent again. */
abstract class Http2Way implements Way {
  readonly #timeout: number;
  readonly #events: ConnectionEvents;
  protected session: Session | undefined;

  constructor({ timeout }: Route, events: ConnectionEvents) {
    this.#timeout = timeout;
    this.#events = events;
  }

  get history(): ConnectionHistory | undefined {
    return this.session?.history;
  }

  /**
   * Sends a request. RFC 9113, section 8.7, allows to send a refused one again. No other request is ever sent twice.
   */
  async ask(sent: Sent): Promise<Answer> {
    const end = performance.now() + this.#timeout;
    for (;;) {
      try {
        return await this.attempt(sent);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (performance.now() > end) throw new Lost('timeout', `refused for ${this.#timeout} ms: ${error.message}`);
        this.#events.retried(error.wasSent);
      }
      await delay(PAUSE_AFTER_REFUSAL_MS);
    }
  }

  /** Sends the request once. The promise rejects with Lost or Refused. */
  protected abstract attempt(sent: Sent): Promise<Answer>;

  abstract end(): void;
}

/** Keeps its session, which other clients share, until the server sends GOAWAY or closes it. */
export class Http2Kept extends Http2Way {
  readonly #shared: SharedSession;

  constructor(route: Route, events: ConnectionEvents, shared: SharedSession) {
    super(route, events);
    this.#shared = shared;
    shared.users++;
  }

  end(): void {
    this.#shared.leave();
  }

  protected attempt(sent: Sent): Promise<Answer> {
    this.session = this.#shared.current();
    return this.session.ask(sent);
  }
}

/** Opens a session for each request. */
export class Http2New extends Http2Way {
  readonly #open: () => Session;

  constructor(route: Route, events: ConnectionEvents) {
    super(route, events);
    this.#open = () => new Session(route, events);
  }

  end(): void {
    this.session?.end();
  }

  protected async attempt(sent: Sent): Promise<Answer> {
    const session = (this.session = this.#open());
    try {
      return await session.ask(sent);
    } finally {
      session.end();
    }
  }
}

/** The session for new requests of some clients. The last client closes it. */
export class SharedSession {
  users = 0;
  readonly #open: () => Session;
  #session: Session | undefined;

  constructor(route: Route, events: ConnectionEvents) {
    this.#open = () => new Session(route, events);
  }

  current(): Session {
    if (this.#session === undefined || this.#session.isOver) this.#session = this.#open();
    return this.#session;
  }

  leave(): void {
    this.users--;
    if (this.users === 0) this.#session?.end();
  }
}
