/**
 * The whole protocol between the primary and its workers. Both ends are the same version of prefork except during an
 * upgrade, and a worker runs code that is not ours, so what arrives is checked before it is believed.
 */
import { MOVE_REASONS, type MoveEnd, type MoveReason } from '../contract/moves.ts';
import type { DatagramBound, DatagramQuery, ListenerMessage, ListenQuery } from '../contract/listening.ts';

/** A worker tells the primary. */
export type WorkerMessage =
  /** A server in the application called `listen`; answered by `granted` or `denied` with the same `request`. */
  | ({ readonly type: 'listen'; readonly request: number } & ListenQuery)
  /** The worker accepts from this listener now. */
  | { readonly type: 'listening'; readonly listener: number }
  /** The application listens there, and the worker accepts as soon as it is told to: the answer to a `granted` that is parked. */
  | { readonly type: 'opened'; readonly listener: number }
  /** The socket that was granted is closed: the application closed its server, or the worker drains. */
  | { readonly type: 'closed'; readonly listener: number }
  /** A socket that came with `adopt` is closed, once for each. */
  | { readonly type: 'returned'; readonly listener: number }
  /** Comes with a connection, of which nothing has been read that is not answered, for the slot's worker; answered by `handed`. */
  | ({ readonly type: 'handoff'; readonly id: number; readonly to: number } & HandoffHeader)
  /** Nothing was heard of a `handoff` of this worker's for long; answered by `handed`, unless that is on its way. */
  | { readonly type: 'recall'; readonly id: number }
  /** What becomes of a `handoff` of the primary's: taken is served here, and refused has been closed here. */
  | { readonly type: 'taken' | 'refused'; readonly id: number }
  /** A server of the worker listens by node:cluster's own scheduling; port -1 and a path for a Unix socket. */
  | { readonly type: 'serving'; readonly address: string; readonly port: number }
  /** That server is closed. */
  | { readonly type: 'ceased'; readonly address: string; readonly port: number }
  /** The program's code runs. */
  | { readonly type: 'started' }
  /** A UDP socket of the application is to be bound at a fixed port; answered by `bound` with the same `request`. */
  | ({ readonly type: 'bind'; readonly request: number } & DatagramQuery)
  /** A socket that came with `bound` is closed. */
  | { readonly type: 'unbound'; readonly socket: number }
  /** May receive traffic: the application said so. */
  | { readonly type: 'ready' }
  /** Asked to drain, and nothing is in flight any more. */
  | { readonly type: 'drained' }
  /** What the application's own registries of metrics have, as prom-client's `getMetricsAsJSON` gives it. */
  | { readonly type: 'metrics'; readonly request: number; readonly families: readonly unknown[] }
  /**
   * It is about to end by itself. `error`: what was thrown and not caught, as Node prints it; `stderr`: the last of what it
   * wrote there before it was ready. Empty where there is nothing to tell.
   */
  | { readonly type: 'lastWords'; readonly error: string; readonly stderr: string };

/** The primary tells a worker. */
export type PrimaryMessage =
  | ListenerMessage
  | DatagramBound
  /** Comes with a connection that another worker accepted; answered by `taken` or `refused`. */
  | ({ readonly type: 'handoff'; readonly id: number } & HandoffHeader)
  /** Answered by `refused`: it was taken before, or its handle got lost and it will never be. */
  | { readonly type: 'recall'; readonly id: number }
  /** What became of a `handoff` of this worker's. Unless it was taken, nobody has it but this worker. */
  | { readonly type: 'handed'; readonly id: number; readonly how: HandoffEnd }
  /** A worker that was booted without a slot, or beside the slot's worker, has it now. */
  | { readonly type: 'promote'; readonly slot: number }
  | ({ readonly type: 'drain' } & DrainTerms)
  /** Answered by `metrics` with the same `request`. */
  | { readonly type: 'metrics'; readonly request: number };

/** In place of a slot: no row of this scoreboard tells of the sender. */
export const NO_SLOT_HERE = 4095;

/** What a receiver needs to know of a connection. */
export interface HandoffHeader {
  /** Whose it is. */
  readonly listener: number;
  /** The slot that sends it, {@link NO_SLOT_HERE} where that is the old primary's, and the how manieth from there to here it is, in the low byte. */
  readonly from: number;
  readonly nth: number;
  /**
   * Why it moves: a server has served it before, it is between two requests, and counts as accepted there. Undefined for one that
   * was just accepted.
   */
  readonly move?: MoveReason;
}

/** How a connection that was sent is answered. */
export type HandoffEnd = MoveEnd;
export type { MoveReason };

/** Stop accepting and finish what is in flight. A worker that is told again takes the shorter times. */
export interface DrainTerms {
  /** How long connections on which nothing happens stay open, ms. */
  readonly idle: number;
  /** Then they are closed one after another within this time, ms, lest all their clients come back at once. */
  readonly spread: number;
  /**
   * Another worker accepts from the same sockets, so nothing that is queued in them is lost when this one stops at once.
   * Else it empties the queues first.
   */
  readonly takenOver?: boolean;
  /** Where connections that can move go meanwhile. @default nowhere: their clients are told to go */
  readonly successor?: Successor;
}

/**
 * `slot`: the worker that has the slot now; `any`: the one with the fewest connections, as the slot is no more; `upgrade`: the slot's
 * worker of the next primary, which chooses another where it has none.
 */
export type Successor = 'slot' | 'any' | 'upgrade';

/** Of a text in a message, characters: what is longer was not cut by us. */
export const LONGEST_TEXT = 16_384;

/** Of an address or the path of a socket, characters: the system takes fewer. */
const LONGEST_ADDRESS = 4096;

/** Of the keys of TLS session tickets, as JSON, characters: 96 digits. */
const LONGEST_DATA = 1024;

/** More than any server has. */
const MOST_SLOTS = 4096;

type Check = (value: unknown) => boolean;
const within =
  (least: number, most: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
const number: Check = within(0, Number.MAX_SAFE_INTEGER);
const port: Check = within(-1, 65_535);
const boolean: Check = (value) => typeof value === 'boolean';
const atMost =
  (length: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= length;
const text: Check = atMost(LONGEST_TEXT);
const address: Check = atMost(LONGEST_ADDRESS);
/** What it says of itself is passed on to the other workers, and kept for them. */
const data: Check = (value) => value === undefined || (JSON.stringify(value)?.length ?? 0) <= LONGEST_DATA;

const workerMessageFields: Record<WorkerMessage['type'], Record<string, Check>> = {
  listen: {
    request: number,
    address: (value) => value === null || address(value),
    port,
    family: (value) => value === 4 || value === 6 || value === -1,
    ipv6Only: boolean,
    ordinal: number,
    readableAll: boolean,
    writableAll: boolean,
    data,
  },
  listening: { listener: number },
  opened: { listener: number },
  closed: { listener: number },
  returned: { listener: number },
  handoff: {
    id: number,
    to: within(0, MOST_SLOTS - 1),
    listener: number,
    from: within(0, MOST_SLOTS - 1),
    nth: within(0, 255),
    move: (value) => value === undefined || MOVE_REASONS.includes(value as MoveReason),
  },
  recall: { id: number },
  taken: { id: number },
  refused: { id: number },
  bind: {
    request: number,
    address: text,
    port: within(1, 65_535),
    family: (value) => value === 4 || value === 6,
    ipv6Only: boolean,
    reuseAddress: boolean,
  },
  unbound: { socket: number },
  serving: { address, port },
  ceased: { address, port },
  started: {},
  ready: {},
  drained: {},
  metrics: { request: number, families: Array.isArray },
  lastWords: { error: text, stderr: text },
};

/** @returns the message, or undefined when it is none of ours or a field is missing or of the wrong kind. */
export function decodeWorkerMessage(body: unknown): WorkerMessage | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const message = body as Record<string, unknown>;
  const type = message['type'];
  if (typeof type !== 'string' || !Object.hasOwn(workerMessageFields, type)) return undefined;
  for (const [field, check] of Object.entries(workerMessageFields[type as WorkerMessage['type']])) {
    if (!check(message[field])) return undefined;
  }
  // A Unix socket has the family and the port -1, and a path; nothing else has any of the first two.
  const isUnix = message['family'] === -1;
  if (type === 'listen' && isUnix !== (message['port'] === -1)) return undefined;
  if (type === 'listen' && isUnix && typeof message['address'] !== 'string') return undefined;
  return body as WorkerMessage;
}
