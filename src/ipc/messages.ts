/**
 * The whole protocol between the primary and its workers. Both ends have the same version of prefork except during an
 * upgrade. A worker runs code that is not ours, so its messages are checked before they are believed.
 */
import type { MetricReading, RequestsByClient } from '../contract/canary.ts';
import { CLIENT_PLACES } from '../contract/peer.ts';
import { MOVE_REASONS, type MoveEnd, type MoveReason } from '../contract/moves.ts';
import type { DatagramMessage, DatagramQuery, ListenerMessage, ListenQuery, Unshared } from '../contract/listening.ts';
import { fieldsOf } from '../contract/fields.ts';
import { isKeyOf } from '../contract/tables.ts';
import { isPeer, type Peer } from '../contract/peer.ts';

/** The messages of a worker to the primary. */
export type WorkerMessage =
  /** A server in the application called `listen`. The answer is `granted` or `denied` with the same `request`. */
  | ({ readonly type: 'listen'; readonly request: number } & ListenQuery)
  /** The worker accepts from this listener now. */
  | { readonly type: 'listening'; readonly listener: number }
  /**
   * The application listens there, and the worker accepts as soon as it is told to. This answers a `granted` that is
   * parked.
   */
  | { readonly type: 'opened'; readonly listener: number }
  /** The socket that was granted is closed: the application closed its server, or the worker drains. */
  | { readonly type: 'closed'; readonly listener: number }
  /** A socket that came with `adopt` is closed. The message comes once for each. */
  | { readonly type: 'returned'; readonly listener: number }
  /**
   * A connection for another slot's worker comes with this. Everything that was read from it has been answered. The answer
   * is `handed`.
   */
  | ({ readonly type: 'handoff'; readonly id: number; readonly to: number } & HandoffHeader)
  /** The worker has waited long for the answer to its `handoff`. The answer is `handed`, unless that is on its way. */
  | { readonly type: 'recall'; readonly id: number }
  /** The outcome of the primary's `handoff`: a taken connection is served here, a refused one has been closed here. */
  | { readonly type: 'taken' | 'refused'; readonly id: number }
  /** A server of the worker listens by node:cluster's own scheduling. A Unix socket has port -1 and a path. */
  | { readonly type: 'serving'; readonly address: string; readonly port: number }
  /** That server is closed. */
  | { readonly type: 'ceased'; readonly address: string; readonly port: number }
  /** The program's code runs. */
  | { readonly type: 'started' }
  /** The application has a handler for SIGINT, and none for the signal by which it will be ended. */
  | { readonly type: 'unheard' }
  /** A trusted proxy sent no header, or a bad one. `peer` is empty at a Unix socket. */
  | { readonly type: 'proxyHeaderRefused'; readonly peer: string; readonly why: string }
  /** All clients of a worker that chooses by their address have the same. */
  | { readonly type: 'singleClient'; readonly peer: string }
  /** A server that listens without the primary could not have its address. */
  | ({ readonly type: 'unshared' } & Unshared)
  /** The application wants to bind a UDP socket at a fixed port. The answer is `bound` with the same `request`. */
  | ({ readonly type: 'bind'; readonly request: number } & DatagramQuery)
  /** A socket that came with `bound` is closed. */
  | { readonly type: 'unbound'; readonly socket: number }
  /** The application says that the worker may receive traffic. */
  | { readonly type: 'ready' }
  /** The worker sends no handle from here on, until it is told to `resume`. */
  | { readonly type: 'settled' }
  /** The answer to `prove`. A handle comes with it, unless it is `unsent`: the kernel has not taken the handle. */
  | { readonly type: 'proof'; readonly unsent?: true }
  /** The worker was asked to drain, and nothing is in flight any more. */
  | { readonly type: 'drained' }
  /** The metrics of the application's own registries, as prom-client's `getMetricsAsJSON` returns them. */
  | { readonly type: 'metrics'; readonly request: number; readonly families: readonly unknown[] }
  /**
   * How the worker is by its application's own word (`worker.health`), null where the application says nothing, and its metrics of the
   * names that were asked for, null where it has none. `clients` are totals over the worker's life, by the place of the client.
   */
  | {
      readonly type: 'health';
      readonly ok: boolean | null;
      readonly reason: string;
      readonly readings: ReadonlyArray<MetricReading | null>;
      readonly clients: { readonly [Of in keyof RequestsByClient]: readonly number[] };
    }
  /**
   * The worker is about to end by itself. `error` is the uncaught error as Node prints it. `stderr` is the last output
   * before it was ready. Both are empty where there is nothing to tell.
   */
  | { readonly type: 'lastWords'; readonly error: string; readonly stderr: string };

/** The messages of the primary to a worker. */
export type PrimaryMessage =
  | ListenerMessage
  | DatagramMessage
  /** A connection that another worker accepted comes with this. The answer is `taken` or `refused`. */
  | ({ readonly type: 'handoff'; readonly id: number } & HandoffHeader)
  /** The answer is `refused`: the connection was taken before, or its handle got lost and it will never be taken. */
  | { readonly type: 'recall'; readonly id: number }
  /**
   * The outcome of this worker's `handoff`. Unless the connection was taken, this worker is the only one that has it. `isMove`: a
   * server had served it before.
   */
  | { readonly type: 'handed'; readonly id: number; readonly how: HandoffEnd; readonly isMove?: true }
  /** A worker that was booted without a slot, or beside the slot's worker, has the slot now. */
  | { readonly type: 'promote'; readonly slot: number }
  | ({ readonly type: 'drain' } & DrainTerms)
  /** The stop signal comes with this, where it is not SIGTERM, or came a moment before it. */
  | { readonly type: 'end' }
  /**
   * The worker is parked, and gives its connections away: those that can move go to the successor, and the clients of the others
   * are told to close. It stays, and may get its slot back.
   */
  | { readonly type: 'shed'; readonly successor?: Successor }
  /** The worker is about to get its slot back, and keeps connections again. */
  | { readonly type: 'unshed' }
  /**
   * The worker is to send no handle for now. The answer is `settled`, and the next message is `resume`: the primary looks whether all
   * descriptors that it has got from the worker came with messages.
   */
  | { readonly type: 'settle' | 'resume' }
  /** The worker is to send a handle, any one, with the answer `proof`: see `Settling`. */
  | { readonly type: 'prove' }
  /** The server as a whole is in another state. A worker that hears nothing takes it for ready. */
  | ({ readonly type: 'server' } & ServerTerms)
  /** The answer is `metrics` with the same `request`. */
  | { readonly type: 'metrics'; readonly request: number }
  /** A tool looks into the worker. */
  | ({ readonly type: 'held' } & HoldTerms)
  /** A canary is watched. The answer is `health`. */
  | { readonly type: 'health'; readonly metrics: readonly string[] };

/** In place of a slot: no row of this scoreboard tells of the sender. */
export const NO_SLOT_HERE = 4095;

/** What a receiver needs to know of a connection. */
export interface HandoffHeader {
  /** The listener that accepted it. */
  readonly listener: number;
  /** The slot that sends it, {@link NO_SLOT_HERE} where that is the old primary's, and the how manieth from there to here it is, in the low byte. */
  readonly from: number;
  readonly nth: number;
  /**
   * Why it moves: a server has served it before, it is between two requests, and counts as accepted there. Undefined for one that
   * was just accepted.
   */
  readonly move?: MoveReason;
  /** The client, by the word of a trusted proxy, where that is not the far end. */
  readonly peer?: Peer;
  /** What was read from the connection with the header of its proxy, and belongs to the application; base64. */
  readonly first?: string;
}

/** How a connection that was sent is answered. */
export type HandoffEnd = MoveEnd;
export type { MoveReason };

/** How long tools look into a worker, and what they leave to the worker itself. Later terms replace the time. */
export interface HoldTerms {
  /** The worker may stand still for so many ms from now on. With 0 the tool has stopped looking. */
  readonly within: number;
  /**
   * The worker closes its inspector when the time is over: a tool has opened it, and may be gone by then. What was said once holds
   * until then, also where a tool that has not opened it says otherwise.
   */
  readonly closesInspector: boolean;
}

/**
 * The terms of a drain: the worker stops accepting and finishes what is in flight. A second message can only shorten
 * the times.
 */
export interface DrainTerms {
  /** How long idle connections stay open, in ms. */
  readonly idle: number;
  /**
   * The time in ms over which the idle connections are then closed one after another, so that their clients do not all
   * come back at once.
   */
  readonly spread: number;
  /**
   * True when another worker accepts from the same sockets, so that no queued connection is lost when this one stops at
   * once. Otherwise the worker empties the queues first.
   */
  readonly takenOver?: boolean;
  /** The destination of connections that can move. @default none: their clients are told to close */
  readonly successor?: Successor;
}

/** What a worker knows of the server as a whole. */
export interface ServerTerms {
  /** The server stops, and its workers are going to drain. They still serve, for the drain delay. */
  readonly isStopping: boolean;
  /** Why the server is not ready. Undefined where it is, and where no `--health-path` tells it. */
  readonly unready?: string | undefined;
}

/**
 * `slot`: the worker that has the slot now; `any`: the one with the fewest connections, as the slot is no more; `upgrade`: the slot's
 * worker of the next primary, which chooses another where it has none.
 */
export type Successor = 'slot' | 'any' | 'upgrade';

/** The length of a text in a message, in characters. The worker cuts longer texts. */
export const LONGEST_TEXT = 16_384;

/** The length of what an application says of itself, in characters. The worker cuts longer texts. */
export const LONGEST_REASON = 200;

/** The number of metrics that are asked for. */
const MOST_READINGS = 16;

/** The length of an address or the path of a socket, in characters. The system accepts fewer. */
const LONGEST_ADDRESS = 4096;

/** TLS session ticket keys as text: 48 bytes (tls.Server#getTicketKeys). */
const TICKET_KEYS = /^[\da-f]{96}$/;

/** What comes with the header of a proxy in base64, in characters: a read takes 64 KB. */
const LONGEST_FIRST = 100_000;

/** A server never has this many slots. */
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
/** Keys are passed on to the other workers, which give them to Node, and kept for them: nothing else may stand there. */
const data: Check = (value) => value === undefined || isTicketKeys(value);

function isTicketKeys(value: unknown): boolean {
  const { ticketKeys } = fieldsOf(value);
  return typeof ticketKeys === 'string' && TICKET_KEYS.test(ticketKeys) && Object.keys(value as object).length === 1;
}

/** Sums of numbers up to this are still numbers. */
const LARGEST_READING = 1e15;

/** Each reading has the fields of one of the three kinds, and nothing that cannot be computed with. */
const readings: Check = (value) =>
  Array.isArray(value) && value.length <= MOST_READINGS && value.every((one) => one === null || isReading(one));

function isReading(value: unknown): boolean {
  const { total, value: gauge, sum, count } = fieldsOf(value);
  const given = [total, gauge, sum, count].filter((one) => one !== undefined);
  const isKind = total !== undefined || gauge !== undefined || (sum !== undefined && count !== undefined);
  const isAll = Object.keys(fieldsOf(value)).length === given.length;
  return isKind && isAll && given.every((one) => typeof one === 'number' && Math.abs(one) <= LARGEST_READING);
}

const clients: Check = (value) => {
  const { requests, abandoned } = fieldsOf(value);
  return Object.keys(fieldsOf(value)).length === 2 && areByClient(requests) && areByClient(abandoned);
};

function areByClient(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== CLIENT_PLACES) return false;
  return value.every((one) => Number.isInteger(one) && one >= 0 && one <= LARGEST_READING);
}

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
    peer: (value) => value === undefined || isPeer(value),
    first: (value) => value === undefined || atMost(LONGEST_FIRST)(value),
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
  unheard: {},
  proxyHeaderRefused: { peer: address, why: atMost(LONGEST_REASON) },
  singleClient: { peer: address },
  unshared: { address, port, where: (value) => value === 'exclusive' || value === 'thread' },
  ready: {},
  settled: {},
  // Older primaries know an answer without a handle, and no other word for it.
  proof: { unsent: (value) => value === undefined || value === true },
  drained: {},
  metrics: { request: number, families: Array.isArray },
  health: { ok: (value) => value === null || boolean(value), reason: atMost(LONGEST_REASON), readings, clients },
  lastWords: { error: text, stderr: text },
};

/**
 * Checks a message of a worker.
 *
 * @returns the message without the fields that none of ours has, since a message may be kept for long; undefined when it is not one
 *   of ours, or when a field is missing or of the wrong kind.
 */
export function decodeWorkerMessage(body: unknown): WorkerMessage | undefined {
  const message = fieldsOf(body);
  const type = message['type'];
  if (typeof type !== 'string' || !isKeyOf(workerMessageFields, type)) return undefined;
  const known: Record<string, unknown> = { type };
  for (const [field, check] of Object.entries(workerMessageFields[type])) {
    if (!check(message[field])) return undefined;
    if (message[field] !== undefined) known[field] = message[field];
  }
  // A Unix socket has the family -1, the port -1 and a path. Other sockets have neither -1.
  const isUnix = message['family'] === -1;
  if (type === 'listen' && isUnix !== (message['port'] === -1)) return undefined;
  if (type === 'listen' && isUnix && typeof message['address'] !== 'string') return undefined;
  return known as unknown as WorkerMessage;
}
