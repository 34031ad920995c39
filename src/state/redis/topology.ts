import type { Client, ConnectionOptions } from './connection.ts';
import type { ServerClock } from './server-clock.ts';
import { bytesIn, listIn } from './replies.ts';

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

/** Makes the question of one command that may be repeated. */
export function reading(key: string, parts: readonly Argument[], timeout: number): Question {
  return { key, repetition: 'repeatable', until: performance.now() + timeout, ask: (send) => send(parts) };
}

/** Lists the keys of one server that match. */
export async function* pagesOf(send: Send, pattern: string): AsyncIterable<readonly string[]> {
  for (let cursor = '0'; ;) {
    const answer = await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(AT_ONCE)]);
    const [next, keys] = listIn(answer, 2);
    yield listIn(keys).map((name) => bytesIn(name).toString());
    cursor = bytesIn(next).toString();
    if (cursor === '0') return;
  }
}
