/**
 * Reads a worker's channel in the primary in place of Node, which trusts a child. A line that never ends would fill the
 * parent's memory. Text that is not JSON, an acknowledgement of nothing, a handle of an unknown type or of a list of
 * sockets would throw inside Node, where no code can catch it. A `net.Server` that is sent would begin to listen in the
 * parent. So this module takes the lines from the channel's handle, and passes on only what is known.
 */
import type { ChildProcess } from 'node:child_process';
import { fieldsOf } from '../contract/fields.ts';
import { Filled } from '../contract/filled.ts';
import { jsonExcess, type JsonExcess, type JsonLimits } from '../sockets/json-excess.ts';
import { carriesHandle, COMMAND, isEnvelope, MOST_BODIES } from './channel.ts';
import { isClusterMessage } from './cluster-messages.ts';
import { CutLine, Lines } from './lines.ts';
import {
  awaitsAcknowledgement,
  channelOf,
  messagesBehindHandle,
  NODES_HANDLE,
  type ChannelHandle,
} from './node-channel.ts';
import type { ReceivedHandle } from './received-handle.ts';

/**
 * The largest size of a message. The longest legitimate ones are metrics, which take hundreds of bytes a series. A longer one of the
 * application's is skipped, as far as it goes.
 */
export const LONGEST_LINE_BYTES: number = 4 * 1024 * 1024;

/**
 * A longer line may have only one value in `SPARSE_BYTES` bytes. Otherwise it would become tens of times larger when it
 * is parsed.
 */
const LONG_LINE_BYTES = 64 * 1024;
const SPARSE_BYTES = 6;

/** The most keys of a message that differ. Metrics have those of their labels. A map that an application sends may have more, and is dropped. */
const MOST_KEYS = 65_536;

/**
 * The number of bytes that may wait to be read by a worker. A worker that no longer reads is not written to for ever.
 */
export const LONGEST_BACKLOG_BYTES: number = 4 * 1024 * 1024;

/**
 * The number of messages that may wait behind a handle that the worker does not acknowledge. Most of them answer requests, and a worker
 * has at most some thousands under way.
 */
export const MOST_BEHIND_HANDLE = 4096;

/** A message may have at most this many levels. What is passed on is written as JSON again, which takes a part of the stack for each level. */
const DEEPEST = 1000;

/**
 * How long the messages of one worker are delivered before the event loop turns, ms. What a message costs is the worker's choice, and a
 * read brings thousands of them.
 */
const DELIVERY_BUDGET_MS = 5;

/**
 * A long message that took longer than this is followed by a rest, in which the worker is not read: `REST` times as long as the message
 * took. So one worker whose messages are long has a quarter of the primary's time. A short one takes long only where the machine has too
 * much to do, and what moves connections is short.
 */
const LONG_DELIVERY_MS = 25;
const COSTLY_LINE_BYTES = 16 * 1024;
const REST = 3;
/** Shorter than the time in which the last messages of an ended worker are read. */
const LONGEST_REST_MS = 1500;

const NODES_PREFIX = Buffer.from(NODES_HANDLE);
const INTERNAL_PREFIX = Buffer.from('{"cmd":"NODE_');

/** Why a message of the application's is not parsed: it has too many values, keys or levels, or more bytes than are kept. */
export type Excess = 'too large' | 'too long';

export interface IntakeEvents {
  /** The worker sent something that no worker should send. `body` is the message, if it could be parsed. */
  malformed(what: string, body?: unknown): void;
  /**
   * The channel cannot be used any more: a line of prefork's own language does not end, or the worker reads nothing. This side stops reading,
   * too.
   */
  unusable(what: string): void;
  /** A message whose size the application decides has too much to be parsed, and is not. That is no misuse. */
  dropped?(why: Excess): void;
  /** The worker has said that it sends no handle, and one came that may have been sent right behind these words. */
  uncertain?(): void;
}

export interface IntakeOptions {
  /** True when node:cluster's primary half is in use (`round-robin`). */
  readonly isClustered: boolean;
  /** How many handles may come in all. @default any number: see `#checkSettled` */
  readonly mostHandles?: number;
  /** How lines of ours begin whose size the application decides. @default none does */
  readonly passes?: string;
}

/**
 * Reads a child's channel in Node's place. It emits the events that Node would, 'internalMessage' and 'message', for
 * messages that are known to be harmless. It owns received handles until it passes them on, which it does only with a
 * message of ours. It closes all others.
 */
export class Intake {
  readonly #child: ChildProcess;
  readonly #channel: ChannelHandle;
  readonly #events: IntakeEvents;
  readonly #isClustered: boolean;
  readonly #passes: Buffer | undefined;
  #handlesLeft: number;
  readonly #splitter = new Lines(LONGEST_LINE_BYTES, (beginning) => this.#maySkip(beginning));
  /** How many of the bytes that were skipped have had their rest. */
  #restedFor = 0;
  /** A handle that has arrived and that no message has taken yet. It belongs to a line that began when it came. */
  #handle: ReceivedHandle | undefined;
  /** The same of a line that began in an earlier read. */
  #earlyHandle: ReceivedHandle | undefined;
  /** A handle came with the last read. */
  #cameWithHandle = false;
  /** A handle came with the worker's last words that it sends none. */
  #hadHandle = false;
  /** The line that is being taken began in an earlier read. */
  #isContinued = false;
  /** The lines of the last read, and which of them is the next. Nothing more is read while there are any. */
  #lines: ReadonlyArray<Uint8Array | CutLine> = [];
  #next = 0;
  /** The time that messages have taken since the last pause, and the moment up to which it was counted, ms. */
  #spent = 0;
  #spentUntil = 0;
  /** Whether a line of this turn was long enough to cost much by itself. */
  #hasCostlyLine = false;
  #reads = 0;
  #isStopped = false;
  #isClosed = false;

  private constructor(child: ChildProcess, channel: ChannelHandle, events: IntakeEvents, options: IntakeOptions) {
    this.#child = child;
    this.#channel = channel;
    this.#events = events;
    this.#isClustered = options.isClustered;
    this.#handlesLeft = options.mostHandles ?? Infinity;
    this.#passes = options.passes === undefined ? undefined : Buffer.from(options.passes);
    const { onread } = channel;
    const filled = new Filled(channel);
    channel.onread = (bytes) => {
      if (bytes !== undefined) return this.#read(filled.of(bytes));
      this.#takeRest();
      this.#dropHandles();
      return onread.call(channel);
    };
  }

  /**
   * Takes over the channel of a child.
   *
   * @returns undefined for a child without a channel of Node's making, whose messages are then not checked here.
   */
  static of(child: ChildProcess, events: IntakeEvents, options: IntakeOptions): Intake | undefined {
    const channel = channelOf(child);
    return channel && new Intake(child, channel, events, options);
  }

  /** Lets another handle come. */
  awaitHandle(): void {
    this.#handlesLeft++;
  }

  /** The handle that was awaited does not come. */
  awaitNone(): void {
    this.#handlesLeft--;
  }

  /** Checks the backlog. The primary calls this before it writes. */
  checkBacklog(): void {
    const isLong = (this.#channel.writeQueueSize ?? 0) > LONGEST_BACKLOG_BYTES;
    if (isLong || messagesBehindHandle(this.#child) > MOST_BEHIND_HANDLE) this.#giveUp('does not read what it is told');
  }

  /**
   * Stops believing the worker. Its messages are still read, so that its end is noticed, and dropped. A second call
   * does nothing.
   */
  close(): void {
    this.#isClosed = true;
    this.#dropHandles();
  }

  /** How often something came. */
  get reads(): number {
    return this.#reads;
  }

  #read(bytes: Uint8Array): void {
    this.#reads++;
    this.#spentUntil = performance.now();
    this.#takeRest();
    const received = this.#channel.pendingHandle ?? undefined;
    this.#channel.pendingHandle = null;
    this.#cameWithHandle = received !== undefined;
    if (this.#isClosed) return received?.close();
    if (received !== undefined) {
      this.#handlesLeft--;
      if (this.#handlesLeft < 0) {
        received.close();
        return this.#giveUp('sends handles that nobody awaits');
      }
      this.#drop(this.#handle);
      this.#handle = received;
    }
    this.#isContinued = this.#splitter.isOpen;
    const lines = this.#splitter.add(bytes);
    if (lines === undefined) return this.#giveUp(`sent a line of more than ${LONGEST_LINE_BYTES} bytes`);
    this.#lines = lines;
    this.#next = 0;
    // A line without end must not be cheaper for who sends it than many that end.
    if (this.#splitter.skipped - this.#restedFor >= LONGEST_LINE_BYTES) {
      this.#restedFor += LONGEST_LINE_BYTES;
      this.#spent += LONG_DELIVERY_MS;
      this.#hasCostlyLine = true;
    }
    if (lines.length === 0) this.#keepHandle();
    this.#takeWithinBudget();
  }

  /**
   * Takes the next line, and those after it when its message has been told. When that has taken long, the rest waits for the next
   * turn of the event loop or longer, and so does what the kernel still has.
   */
  #takeWithinBudget(): void {
    const now = performance.now();
    this.#spent += now - this.#spentUntil;
    this.#spentUntil = now;
    if (this.#spent >= DELIVERY_BUDGET_MS) this.#wait();
    else if (this.#takeNext()) process.nextTick(() => this.#takeWithinBudget());
    else this.#readOn();
  }

  #wait(): void {
    this.#isStopped ||= this.#channel.readStop?.() === 0;
    const isRest = this.#spent >= LONG_DELIVERY_MS && this.#hasCostlyLine && !this.#isClosed;
    const pause = Math.min(LONGEST_REST_MS, REST * this.#spent);
    const goOn = (): void => {
      this.#spent = 0;
      this.#hasCostlyLine = false;
      this.#spentUntil = performance.now();
      this.#takeWithinBudget();
    };
    if (isRest) setTimeout(goOn, pause).unref();
    else setImmediate(goOn);
  }

  #readOn(): void {
    if (this.#isStopped) this.#channel.readStart?.();
    this.#isStopped = false;
  }

  /** Where reading could not be stopped, the next read comes too early. */
  #takeRest(): void {
    while (this.#lines.length > 0) this.#takeNext();
  }

  /** @returns false when the read has no line left. What it has of another one stays. */
  #takeNext(): boolean {
    const line = this.#lines[this.#next++];
    if (line === undefined) {
      this.#lines = [];
      this.#keepHandle();
      return false;
    }
    if (!this.#isClosed) this.#take(line);
    if (this.#isContinued) this.#drop(this.#takeOneHandle());
    this.#isContinued = false;
    return true;
  }

  /** The handle that came last is that of the line that has begun. */
  #keepHandle(): void {
    if (!this.#splitter.isOpen || this.#earlyHandle !== undefined) return;
    this.#earlyHandle = this.#handle;
    this.#handle = undefined;
  }

  /** Takes the handle that came with the line that is being taken. Several lines with handles may be on their way. */
  #takeOneHandle(): ReceivedHandle | undefined {
    const handle = this.#isContinued ? this.#earlyHandle : this.#handle;
    if (this.#isContinued) this.#earlyHandle = undefined;
    else this.#handle = undefined;
    return handle;
  }

  #drop(handle: ReceivedHandle | undefined): void {
    if (handle === undefined) return;
    handle.close();
    this.#events.malformed('a handle without a message');
  }

  #take(line: Uint8Array | CutLine): void {
    this.#hasCostlyLine ||= line instanceof CutLine || line.length > COSTLY_LINE_BYTES;
    if (line instanceof CutLine) return this.#passOver(line.beginning);
    const excess = line.length > DEEPEST ? jsonExcess(line, limitsOf(line)) : undefined;
    if (excess !== undefined) return this.#isApplications(line) ? this.#skip(line) : this.#tooMany(excess);
    const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8');
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

  /** Whether an application decides what is in the line. None has the other end of a channel whose owner hears of no dropped message: the binder's. */
  #isApplications(line: Uint8Array): boolean {
    if (this.#events.dropped === undefined) return false;
    if (!startsWith(line, INTERNAL_PREFIX) || startsWith(line, NODES_PREFIX)) return true;
    return this.#passes !== undefined && startsWith(line, this.#passes);
  }

  #tooMany(excess: JsonExcess): void {
    this.#events.malformed(`too many ${excess}`);
  }

  /** Says of a line that is too long whether its rest is skipped: how much an application sends to its parent is its own affair. */
  #maySkip(beginning: Uint8Array): boolean {
    if (!this.#isApplications(beginning)) return false;
    this.#events.dropped?.('too long');
    return true;
  }

  #skip(line: Uint8Array): void {
    this.#events.dropped?.('too large');
    this.#passOver(line);
  }

  /**
   * Leaves a line unread, which costs as much as a long message, and must not be cheaper for who sends it.
   *
   * @param line its beginning, at least
   */
  #passOver(line: Uint8Array): void {
    this.#spent += LONG_DELIVERY_MS;
    if (!startsWith(line, NODES_PREFIX)) return;
    this.#takeOneHandle()?.close();
    this.checkBacklog();
    // The sender sends nothing more until this has come.
    if (!this.#isClosed) this.#child.send({ cmd: 'NODE_HANDLE_ACK' }, ignore);
  }

  /**
   * The handlers by `cmd`. The other commands that Node knows (`NODE_SOCKET_...`) concern sockets that the parent has
   * sent, and it never sends any.
   */
  readonly #kinds: Readonly<Record<string, (message: Internal) => void>> = {
    [COMMAND]: (message) => {
      const { bodies } = message;
      if (Array.isArray(bodies) && bodies.length > MOST_BODIES)
        return this.#events.malformed('too many messages in one');
      this.#checkSettled(message);
      const hasHandle = message['handle'] === true && carriesHandle(message);
      this.#emit('internalMessage', message, hasHandle ? this.#takeOneHandle() : undefined);
    },
    NODE_HANDLE: (message) => this.#takeHandle(message),
    NODE_HANDLE_ACK: (message) => this.#acknowledged(message),
    NODE_HANDLE_NACK: (message) => this.#acknowledged(message),
    NODE_CLUSTER: (message) => this.#takeCluster(message),
  };

  /**
   * A message may carry any number of descriptors. libuv queues about 60 of them and hands one to each of the following reads, as if it
   * had come with that read. Those in the queue can neither be seen nor closed. So a worker is asked now and then to pause and to say so. A
   * read that has brought these words and a handle shows that some are queued. The application does not pause, though, and may send a
   * socket right behind these words. This is believed once, until the words have come without a handle, and the worker is asked again.
   */
  #checkSettled(message: object): void {
    const { body, bodies } = fieldsOf(message);
    const said: unknown[] = Array.isArray(bodies) ? bodies : [body];
    if (!said.some((one) => fieldsOf(one)['type'] === 'settled')) return;
    const isExcused = !this.#hadHandle && this.#handle !== undefined && this.#hasNodesHandleBehind();
    this.#hadHandle = this.#cameWithHandle;
    if (isExcused) this.#events.uncertain?.();
    else if (this.#cameWithHandle) this.#events.malformed('more descriptors than messages with one');
  }

  /** The line that a handle came with is the last of its read, and may be the beginning of one. */
  #hasNodesHandleBehind(): boolean {
    if (this.#splitter.isOpen) return true;
    const last = this.#lines.slice(this.#next).at(-1);
    if (last === undefined) return false;
    return startsWith(last instanceof CutLine ? last.beginning : last, NODES_PREFIX);
  }

  /**
   * Takes a message with a handle. The sender waits for the acknowledgement, and if the handle got lost, it sends the
   * message again.
   */
  #takeHandle({ type, msg }: Internal): void {
    const handle = this.#takeOneHandle();
    this.checkBacklog();
    if (this.#isClosed) return handle?.close();
    this.#child.send({ cmd: handle === undefined ? 'NODE_HANDLE_NACK' : 'NODE_HANDLE_ACK' }, ignore);
    if (handle === undefined) return;
    if (isEnvelope(msg)) this.#checkSettled(msg);
    if (type === 'net.Native' && isEnvelope(msg) && carriesHandle(msg))
      return this.#emit('internalMessage', msg, handle);
    handle.close();
    // Node's parents accept any handle with the application's own messages. This primary has no use for one.
    if (!isInternal(msg) && msg !== undefined) this.#emit('message', msg);
    else this.#events.malformed('a handle that is no connection', msg);
  }

  #acknowledged(message: Internal): void {
    if (awaitsAcknowledgement(this.#child)) this.#emit('internalMessage', message);
    else this.#events.malformed('acknowledges what was not sent', message);
  }

  #takeCluster(message: Internal): void {
    // A worker only waits for the answer to its farewell. prefork gives that answer where there is no other half
    // (src/primary/workers/fork.ts).
    if (!this.#isClustered && message['act'] !== 'exitedAfterDisconnect') return;
    if (isClusterMessage(message)) this.#emit('internalMessage', message);
    else this.#events.malformed('no message of node:cluster', message);
  }

  /**
   * Emits an event in a turn of its own, as Node does. An error that Node's own primary throws because of a worker's
   * message comes of what the worker has sent. A handle without a listener is closed.
   */
  #emit(event: 'message' | 'internalMessage', message: unknown, handle?: ReceivedHandle): void {
    process.nextTick(() => {
      try {
        if (!this.#child.emit(event, message, handle)) handle?.close();
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

  #dropHandles(): void {
    this.#handle?.close();
    this.#earlyHandle?.close();
    this.#handle = this.#earlyHandle = undefined;
  }
}

/** A message that does not belong to the application. */
interface Internal extends Readonly<Record<string, unknown>> {
  readonly cmd: string;
}

function isInternal(message: unknown): message is Internal {
  if (typeof message !== 'object' || message === null) return false;
  const { cmd } = message as { cmd?: unknown };
  return typeof cmd === 'string' && cmd.startsWith('NODE_');
}

function limitsOf({ length }: Uint8Array): JsonLimits {
  const values = length > LONG_LINE_BYTES ? length / SPARSE_BYTES : length;
  return { values, keys: MOST_KEYS, levels: DEEPEST };
}

function startsWith(line: Uint8Array, prefix: Buffer): boolean {
  return prefix.equals(line.subarray(0, prefix.length));
}

/** The callback has nothing to do, because a channel that closes reports its own end. */
function ignore(): void {}
