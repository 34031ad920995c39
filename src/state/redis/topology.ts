import type { Client, ConnectionOptions } from './connection.ts';
import type { ServerClock } from './server-clock.ts';
import { bytesIn, endless, listIn } from './replies.ts';

export type Argument = string | Buffer;

/** Whether a command may be sent again when the connection is lost before the answer. */
export type Repetition = 'once' | 'repeatable';

/** Sends one command to the server that has the key. */
export type Send = (parts: readonly Argument[]) => Promise<unknown>;

/** What is to be asked. */
export interface Question {
  /** A key of those that the commands are about. They are all on one server. */
  readonly key: string;
  readonly repetition: Repetition;
  /** When it must be answered, by `performance.now()`. */
  readonly until: number;
  /** Sends the commands. It may be called again, for another server. */
  readonly ask: (send: Send, clock: ServerClock) => Promise<unknown>;
}

export interface TopologyOptions {
  /** How long a command may take, and wait for a server that is away, in ms. */
  readonly timeout: number;
  /** Checks what the servers keep, before anything else is asked. An error keeps the state away. */
  readonly check: (send: (key: string, parts: readonly Argument[]) => Promise<unknown>) => Promise<void>;
  /** A server that is needed is lost. It tells this once, until all are ready again. */
  readonly onAway: (reason: unknown) => void;
  readonly onReady: () => void;
  /** The place to listen at has changed. */
  readonly onMoved: (reason: Error) => void;
  readonly onTimeout: NonNullable<ConnectionOptions['onTimeout']>;
  readonly onAnswer: NonNullable<ConnectionOptions['onAnswer']>;
}

/** The servers that keep the state: one alone, or a cluster. The object owns the connections for commands. */
export interface Topology {
  /** Whether a server that is needed cannot be reached. */
  readonly isAway: boolean;
  /** @throws `Away` when there is no connection, or no answer in time; otherwise the error of the server. */
  run(question: Question): Promise<unknown>;
  /** Lists the keys that match, in pages. All of them are on the server that has `key`. */
  scan(key: string, pattern: string): AsyncIterable<readonly string[]>;
  /** Makes a client, which is not connected yet, for the server at which messages are heard in order. */
  newListener(): Promise<Client>;
  /** Throws the connections away, and checks again what the servers keep. */
  reset(reason: unknown): void;
  setReferenced(isReferenced: boolean): void;
  close(): Promise<void>;
}

const AT_ONCE = 250;
/** A list may take as long as this many answers: 5 minutes by default, in which a server lists some ten million keys. */
const ANSWERS_OF_A_LIST = 150;

/** Makes the question of one command that may be repeated. */
export function reading(key: string, parts: readonly Argument[], timeout: number): Question {
  return { key, repetition: 'repeatable', until: performance.now() + timeout, ask: (send) => send(parts) };
}

/**
 * Lists the keys of one server that match. A server decides when the list ends, and pages may be empty for long. So what is not
 * Redis could keep this going for ever. A cursor never comes again, and the time that the server takes is bounded.
 *
 * @param timeout how long one answer may take, in ms.
 * @throws StateError `ERR_STATE_UNAVAILABLE` when there is no end.
 */
export async function* pagesOf(send: Send, pattern: string, timeout: number): AsyncIterable<readonly string[]> {
  // The loop keeps one cursor to compare, at a place that doubles (Brent). That finds every circle, and takes no memory.
  let [cursor, kept, keptAt, left] = ['0', '', 1, timeout * ANSWERS_OF_A_LIST];
  for (let page = 1; ; page++) {
    const since = performance.now();
    const answer = await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(AT_ONCE)]);
    left -= performance.now() - since;
    const [next, keys] = listIn(answer, 2);
    yield listIn(keys).map((name) => bytesIn(name).toString());
    cursor = bytesIn(next).toString();
    if (cursor === '0') return;
    if (cursor === kept || left <= 0) throw endless('listing its keys');
    if (page === keptAt) [kept, keptAt] = [cursor, keptAt * 2];
  }
}
