/**
 * The primary's end of a worker's channel, before Node. Node trusts a child. A line
 * that never ends fills the parent's memory; JSON that is none, an acknowledgement of nothing, a handle of an unknown type or
 * one of a list of sockets throw in its own code, where nobody can catch it; a `net.Server` that is sent begins to listen in
 * the parent. So lines are taken from the channel's handle here, and only what is known goes on.
 */
import type { ChildProcess } from 'node:child_process';
import { COMMAND, isEnvelope } from './channel.ts';
import { isClusterMessage } from './cluster-messages.ts';
import { Lines } from './lines.ts';
import { awaitsAcknowledgement, channelOf, type ChannelHandle } from './node-channel.ts';
import type { ReceivedHandle } from './received-handle.ts';

/** Of a message, bytes. The longest that are meant are metrics: hundreds of bytes a series. */
export const LONGEST_LINE: number = 4 * 1024 * 1024;

/** A line longer than this, bytes, has fewer values than one in `SPARSE` bytes; else it would be tens of times larger once parsed. */
const LONG_LINE = 64 * 1024;
const SPARSE = 6;

/** Of what waits to be read by a worker, bytes: one that reads nothing any more is not written to for ever. */
export const LONGEST_BACKLOG: number = 4 * 1024 * 1024;

export interface IntakeEvents {
  /** Something that no worker says. `body` is what was read, if it could be parsed. */
  malformed(what: string, body?: unknown): void;
  /** Its channel cannot be used any more: a line without end, or nothing is read there. Nothing more is read here. */
  unusable(what: string): void;
}

export interface IntakeOptions {
  /** Whether node:cluster's primary half is there to be talked to (`round-robin`). */
  readonly isClustered: boolean;
}

/**
 * Reads a child's channel in Node's place, and emits the events that Node would: 'internalMessage' and 'message', for what is
 * known to be harmless. Owns handles that came until it has given them on, with a message of ours alone; it closes all others.
 */
export class Intake {
  readonly #child: ChildProcess;
  readonly #channel: ChannelHandle;
  readonly #events: IntakeEvents;
  readonly #isClustered: boolean;
  readonly #lines = new Lines(LONGEST_LINE);
  /** Came, and no message has claimed it yet. */
  #handle: ReceivedHandle | undefined;
  #isClosed = false;

  private constructor(child: ChildProcess, channel: ChannelHandle, events: IntakeEvents, options: IntakeOptions) {
    this.#child = child;
    this.#channel = channel;
    this.#events = events;
    this.#isClustered = options.isClustered;
    const { onread } = channel;
    channel.onread = (bytes) => {
      if (bytes !== undefined) return this.#read(new Uint8Array(bytes));
      this.#dropHandle();
      return onread.call(channel);
    };
  }

  /** @returns undefined for a child without a channel of Node's making, whose messages then come as they come. */
  static of(child: ChildProcess, events: IntakeEvents, options: IntakeOptions): Intake | undefined {
    const channel = channelOf(child);
    return channel && new Intake(child, channel, events, options);
  }

  /** Looked at when something is to be written. */
  checkBacklog(): void {
    if (this.#channel.writeQueueSize <= LONGEST_BACKLOG) return;
    this.#giveUp('does not read what it is told');
  }

  /** From here on nothing of it is believed: it is read, for its end to be seen, and dropped. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#dropHandle();
  }

  #read(bytes: Uint8Array): void {
    const received = this.#channel.pendingHandle ?? undefined;
    this.#channel.pendingHandle = null;
    if (this.#isClosed) return received?.close();
    if (received !== undefined) this.#receive(received);
    const lines = this.#lines.add(bytes);
    if (lines === undefined) return this.#giveUp(`sent a line of more than ${LONGEST_LINE} bytes`);
    for (const line of lines) if (!this.#isClosed) this.#take(line);
  }

  #receive(handle: ReceivedHandle): void {
    if (this.#handle !== undefined) {
      this.#dropHandle();
      this.#events.malformed('a handle without a message');
    }
    this.#handle = handle;
  }

  #take(line: Uint8Array): void {
    const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8');
    if (line.length > LONG_LINE && isDense(line)) return this.#events.malformed('too many values');
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return this.#events.malformed('no JSON', text.slice(0, 200));
    }
    if (!isInternal(message)) return this.#emit('message', message);
    const kind = Object.hasOwn(this.#kinds, message.cmd) ? this.#kinds[message.cmd] : undefined;
    if (kind === undefined) this.#events.malformed('no message of ours', message);
    else kind(message);
  }

  /** By `cmd`. What else Node knows (`NODE_SOCKET_...`) is for sockets that the parent has sent, which are none. */
  readonly #kinds: Readonly<Record<string, (message: Internal) => void>> = {
    [COMMAND]: (message) => this.#emit('internalMessage', message),
    NODE_HANDLE: (message) => this.#takeHandle(message),
    NODE_HANDLE_ACK: (message) => this.#acknowledged(message),
    NODE_HANDLE_NACK: (message) => this.#acknowledged(message),
    NODE_CLUSTER: (message) => this.#takeCluster(message),
  };

  /** The sender waits for the acknowledgement, and sends again what has lost its handle on the way. */
  #takeHandle({ type, msg }: Internal): void {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#child.send({ cmd: handle === undefined ? 'NODE_HANDLE_NACK' : 'NODE_HANDLE_ACK' }, ignore);
    if (handle === undefined) return;
    if (type === 'net.Native' && isEnvelope(msg)) return this.#emit('internalMessage', msg, handle);
    handle.close();
    // Node's parents take any handle with the application's own messages. Nobody is there who would.
    if (!isInternal(msg) && msg !== undefined) this.#emit('message', msg);
    else this.#events.malformed('a handle that is no connection', msg);
  }

  #acknowledged(message: Internal): void {
    if (awaitsAcknowledgement(this.#child)) this.#emit('internalMessage', message);
    else this.#events.malformed('acknowledges what was not sent', message);
  }

  #takeCluster(message: Internal): void {
    // A worker waits for the answer to its farewell alone, which is ours where there is no other half (src/primary/workers/fork.ts).
    if (!this.#isClustered && message['act'] !== 'exitedAfterDisconnect') return;
    if (isClusterMessage(message)) this.#emit('internalMessage', message);
    else this.#events.malformed('no message of node:cluster', message);
  }

  /** In a turn of its own, as Node does it. What Node's own primary throws over a worker's words is the worker's fault. */
  #emit(event: 'message' | 'internalMessage', message: unknown, handle?: ReceivedHandle): void {
    process.nextTick(() => {
      try {
        this.#child.emit(event, message, handle);
      } catch (error) {
        if (!isInternal(message) || message.cmd === COMMAND) throw error;
        this.#events.malformed(`Node threw ${String(error)}`, message);
      }
    });
  }

  #giveUp(what: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.unusable(what);
  }

  #dropHandle(): void {
    this.#handle?.close();
    this.#handle = undefined;
  }
}

/** A message that is not the application's. */
interface Internal extends Readonly<Record<string, unknown>> {
  readonly cmd: string;
}

function isInternal(message: unknown): message is Internal {
  if (typeof message !== 'object' || message === null) return false;
  const { cmd } = message as { cmd?: unknown };
  return typeof cmd === 'string' && cmd.startsWith('NODE_');
}

/** Counted in what JSON puts around values, before any of them is made. */
function isDense(line: Uint8Array): boolean {
  let marks = 0;
  for (const byte of line) if (byte === COMMA || byte === BRACE || byte === BRACKET) marks++;
  return marks * SPARSE > line.length;
}

const COMMA = 0x2c;
const BRACE = 0x7b;
const BRACKET = 0x5b;

/** A channel that closes meanwhile tells its end by itself. */
function ignore(): void {}
