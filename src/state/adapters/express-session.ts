/**
 * `prefork/state/express-session`: sessions that every worker knows.
 *
 * @example
 * app.use(session({ secret, resave: false, saveUninitialized: false, store: sessionStore(state) }));
 */
import { checkName, checkOptions, readTime, type Time } from '../arguments.ts';
import type { Change, Engine, Item } from '../engine.ts';
import { engineOf, type State } from '../state.ts';
import { decode, encode } from '../value.ts';
import { peer } from './peer.ts';

export interface SessionStoreOptions {
  /** Stores with the same name have the same sessions. @default 'sessions' */
  readonly name?: string;
  /** How long a session lasts when its cookie has no `maxAge`. @default '24h' */
  readonly ttl?: Time;
}

/** The part of express-session's sessions that is used here. */
interface Session {
  readonly cookie: { readonly maxAge?: number | null; readonly originalMaxAge?: number | null };
}

type Callback<Result> = (error: unknown, result?: Result) => void;

/** The methods that express-session calls. */
export interface SessionStore {
  get(id: string, callback: Callback<Session | null>): void;
  set(id: string, session: Session, callback?: Callback<void>): void;
  touch(id: string, session: Session, callback?: Callback<void>): void;
  destroy(id: string, callback?: Callback<void>): void;
  all(callback: Callback<Session[]>): void;
  length(callback: Callback<number>): void;
  clear(callback?: Callback<void>): void;
}

type StoreClass = new () => object;

const DAY = 86_400_000;

export function sessionStore(state: State, options: SessionStoreOptions = {}): SessionStore {
  checkOptions(options, ['name', 'ttl'], 'sessionStore');
  const { Store } = peer('express-session', 'prefork/state/express-session') as { Store: StoreClass };
  const sessions = new Sessions(engineOf(state), checkName(options.name ?? 'sessions', 'name'), options.ttl);
  class StateStore extends Store {
    get = (id: string, callback: Callback<Session | null>): void => void tell(sessions.get(id), callback);
    set = (id: string, session: Session, callback?: Callback<void>): void =>
      void tell(sessions.set(id, session), callback);
    touch = (id: string, session: Session, callback?: Callback<void>): void => {
      void tell(sessions.touch(id, session), callback);
    };
    destroy = (id: string, callback?: Callback<void>): void => void tell(sessions.destroy(id), callback);
    all = (callback: Callback<Session[]>): void => void tell(sessions.all(), callback);
    length = (callback: Callback<number>): void => {
      void tell(
        sessions.all().then(({ length }) => length),
        callback,
      );
    };
    clear = (callback?: Callback<void>): void => void tell(sessions.clear(), callback);
  }
  return new StateStore();
}

class Sessions {
  readonly #engine: Engine;
  readonly #area: string;
  readonly #ttl: number;

  constructor(engine: Engine, name: string, ttl: Time | undefined) {
    this.#engine = engine;
    this.#area = `sessions ${name}`;
    this.#ttl = readTime(ttl, 'ttl') ?? DAY;
  }

  async get(id: string): Promise<Session | null> {
    const item = await this.#engine.get(this.#area, id);
    return item === undefined ? null : sessionIn(item);
  }

  /**
   * Stores a session as JSON, as all stores of express-session do: a cookie has methods, which structured clone
   * refuses.
   */
  async set(id: string, session: Session): Promise<void> {
    const stored = encode(JSON.stringify(session), 'the session');
    await this.#engine.set(this.#area, id, stored, { ttl: this.#lifetime(session) });
  }

  /** Extends a session's life without changing it, because another request may have stored it meanwhile. */
  async touch(id: string, session: Session): Promise<void> {
    await this.#engine.update(this.#area, id, (item): Change => {
      if (item === undefined) return undefined;
      const text = JSON.stringify({ ...sessionIn(item), cookie: session.cookie });
      return { stored: encode(text, 'the session'), terms: { ttl: this.#lifetime(session) } };
    });
  }

  async destroy(id: string): Promise<void> {
    await this.#engine.delete(this.#area, id);
  }

  async all(): Promise<Session[]> {
    const sessions: Session[] = [];
    for await (const [, item] of this.#engine.entries(this.#area)) sessions.push(sessionIn(item));
    return sessions;
  }

  async clear(): Promise<void> {
    await this.#engine.clear(this.#area);
  }

  #lifetime({ cookie }: Session): number {
    return Math.max(1, Math.round(cookie.maxAge ?? cookie.originalMaxAge ?? this.#ttl));
  }
}

function sessionIn({ stored }: Item): Session {
  return JSON.parse(decode(stored, 'the session') as string) as Session;
}

async function tell<Result>(asked: Promise<Result>, callback: Callback<Result> = () => {}): Promise<void> {
  const [error, result] = await asked.then(
    (value) => [null, value] as const,
    (reason: unknown) => [reason] as const,
  );
  // The callback runs outside of the promise, so that an error in it does not become a rejection.
  process.nextTick(callback, error, result);
}
