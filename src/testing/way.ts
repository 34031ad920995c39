/** How a client comes to the connection for its next request: each protocol kept, or made anew for every request. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import { Connection } from './connection.ts';
import { Lost } from './loss.ts';
import type { Sent } from './request.ts';
import type { ConnectionEvents, ConnectionHistory, Route } from './route.ts';
import { Refused, Session } from './session.ts';

/** Owns connections; `end` closes them. */
export interface Way {
  /** Rejects with Lost. */
  ask(sent: Sent): Promise<Answer>;
  /** Of the connection of the last request. */
  readonly history: ConnectionHistory | undefined;
  end(): void;
}

/** Keeps its connection until the server says that it closes it, or does. */
export class KeptConnection implements Way {
  readonly #open: () => Connection;
  #connection: Connection | undefined;

  constructor(route: Route, events: ConnectionEvents) {
    this.#open = () => new Connection(route, events);
  }

  get history(): ConnectionHistory | undefined {
    return this.#connection?.history;
  }

  async ask(sent: Sent): Promise<Answer> {
    if (this.#connection === undefined || this.#connection.isOver) this.#connection = this.#open();
    const connection = this.#connection;
    const answer = await connection.ask(sent, false);
    if (answer.closes) connection.end();
    return answer;
  }

  end(): void {
    this.#connection?.end();
  }
}

/** A connection for each request, and it says so. */
export class NewConnection implements Way {
  readonly #open: () => Connection;
  #connection: Connection | undefined;

  constructor(route: Route, events: ConnectionEvents) {
    this.#open = () => new Connection(route, events);
  }

  get history(): ConnectionHistory | undefined {
    return this.#connection?.history;
  }

  async ask(sent: Sent): Promise<Answer> {
    const connection = (this.#connection = this.#open());
    try {
      return await connection.ask(sent, true);
    } finally {
      connection.end();
    }
  }

  end(): void {
    this.#connection?.end();
  }
}

/** A server that refuses a stream may be at its limit of them: ms until the next attempt. */
const PAUSE_AFTER_REFUSAL = 10;

/** Keeps its session, which may be shared by several, until the server sends GOAWAY or closes it. */
export class KeptSession implements Way {
  readonly #sessions: SharedSession;
  readonly #events: ConnectionEvents;
  readonly #timeout: number;
  #last: Session | undefined;

  constructor(route: Route, events: ConnectionEvents, sessions: SharedSession) {
    this.#timeout = route.timeout;
    this.#events = events;
    this.#sessions = sessions;
    sessions.users++;
  }

  get history(): ConnectionHistory | undefined {
    return this.#last?.history;
  }

  ask(sent: Sent): Promise<Answer> {
    return untilTaken(this.#events, this.#timeout, () => {
      this.#last = this.#sessions.current();
      return this.#last.ask(sent);
    });
  }

  end(): void {
    this.#sessions.end();
  }
}

/** A session for each request. */
export class NewSession implements Way {
  readonly #open: () => Session;
  readonly #events: ConnectionEvents;
  readonly #timeout: number;
  #session: Session | undefined;

  constructor(route: Route, events: ConnectionEvents) {
    this.#timeout = route.timeout;
    this.#events = events;
    this.#open = () => new Session(route, events);
  }

  get history(): ConnectionHistory | undefined {
    return this.#session?.history;
  }

  ask(sent: Sent): Promise<Answer> {
    return untilTaken(this.#events, this.#timeout, async () => {
      const session = (this.#session = this.#open());
      try {
        return await session.ask(sent);
      } finally {
        session.end();
      }
    });
  }

  end(): void {
    this.#session?.end();
  }
}

/** The session that new requests of some clients go to. It is closed by the last of them. */
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

  /** One of the users needs it no more. */
  end(): void {
    this.users--;
    if (this.users === 0) this.#session?.end();
  }
}

/** Sends again what the server has refused, which RFC 9113 allows. Nothing else is ever sent twice. */
async function untilTaken(events: ConnectionEvents, timeout: number, ask: () => Promise<Answer>): Promise<Answer> {
  const end = performance.now() + timeout;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (performance.now() > end) throw new Lost('timeout', `refused for ${timeout} ms: ${error.message}`);
      events.retried();
    }
    await delay(PAUSE_AFTER_REFUSAL);
  }
}
