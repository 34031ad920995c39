/**
 * The door to what Node.js keeps to itself about the channel between processes; the same in Node.js 20 to 26. Where a part is missing,
 * the answer is undefined or false: then Node.js reads the channel itself, or it cannot be opened again.
 */
import childProcess, { type ChildProcess } from 'node:child_process';
import { getSystemErrorName } from 'node:util';
import type { ReadHandle } from '../contract/filled.ts';
import { holdHandle } from './held-handles.ts';
import type { ReceivedHandle } from './received-handle.ts';

/** Node's handle of a channel. */
export interface ChannelHandle extends ReadHandle {
  /** Called with the buffer of each read (`Filled`), and without any at the end. */
  onread: (bytes?: ArrayBuffer) => void;
  /** Came with the bytes of the read that is being told. */
  pendingHandle: ReceivedHandle | null | undefined;
  /** Bytes. Undefined when the handle is closed, as that of a worker that has ended. */
  readonly writeQueueSize: number | undefined;
  /** Returns 0, or the number of an error. */
  writeUtf8String?: (request: object, text: string, handle?: object) => number;
  readStop?: () => number;
  readStart?: () => number;
}

/** Undefined for a process without a channel of Node's making. @param end a child, or this process */
export function channelOf(end: object): ChannelHandle | undefined {
  const key = Object.getOwnPropertySymbols(end).find(({ description }) => description === 'kChannelHandle');
  const channel = key && (end as Record<symbol, Partial<ChannelHandle> | null>)[key];
  return typeof channel?.onread === 'function' ? (channel as ChannelHandle) : undefined;
}

/** What Node gives a write. @see whenWritten */
interface WriteRequest {
  /** @param status 0, or the number of an error. */
  oncomplete?: (status: number) => void;
}

/** The class of the request that Node gives each write of a channel, learned from the first one. */
let Request: (new () => WriteRequest) | undefined;

/** The beginning of Node's messages with a handle. */
export const NODES_HANDLE = '{"cmd":"NODE_HANDLE",';

/**
 * The kernel lets a user have as many descriptors on their way as a process may have open (ETOOMANYREFS), and others' may arrive at any
 * moment. So such a message is written again, for ten seconds in all.
 */
const AGAIN_MS = 100;
const MOST_WRITES = 100;

const watched = new WeakSet<ChannelHandle>();

/**
 * Watches the writes to a channel, Node's own too: learns from them how Node writes, keeps each handle open until it has been written,
 * and writes a message of Node's again whose handle the kernel has not taken. Node is not told of that. It waits with all messages after
 * it for an acknowledgement that would never come. A second call does nothing.
 */
export function watchWrites(channel: ChannelHandle): void {
  const { writeUtf8String } = channel;
  if (watched.has(channel) || typeof writeUtf8String !== 'function') return;
  watched.add(channel);
  channel.writeUtf8String = (request, text, handle) => {
    Request ??= request.constructor as new () => WriteRequest;
    const status = writeUtf8String.call(channel, request, text, handle);
    // A channel that is closed ends its writes before its memory is freed, also those of the channel itself.
    if (status !== 0 || typeof handle !== 'object' || handle === null || handle === channel) return status;
    const letGo = holdHandle(handle);
    const again = (): boolean => {
      const next: WriteRequest = new Request!();
      if (channel.writeQueueSize === undefined || writeUtf8String.call(channel, next, text, handle) !== 0) return false;
      next.oncomplete = ended;
      return true;
    };
    let timesLeft = text.startsWith(NODES_HANDLE) ? MOST_WRITES : 0;
    const ended = (result: number): void => {
      if (result >= 0 || timesLeft-- === 0) letGo();
      else setTimeout(() => again() || letGo(), AGAIN_MS).unref();
    };
    whenWritten(request, ended);
    return status;
  };
}

/** A write with a handle always ends later. What Node wants to be told of its end it sets after the write. */
function whenWritten(request: object, tell: (status: number) => void): void {
  let theirs: unknown;
  const ended = function (this: unknown, ...results: unknown[]): unknown {
    tell(Number(results[0]));
    return typeof theirs === 'function' ? Reflect.apply(theirs, this, results) : undefined;
  };
  const set = (value: unknown): void => {
    theirs = value;
  };
  Object.defineProperty(request, 'oncomplete', { get: () => ended, set });
}

/** Whether {@link writeHandle} can be called: a write has been learned from. */
export function canWriteHandles(channel: ChannelHandle): boolean {
  return Request !== undefined && typeof channel.writeUtf8String === 'function';
}

/**
 * Writes a text with a handle at once. Node's `send` waits with the next handle, and with all messages after it, until the receiver
 * has acknowledged the one before.
 *
 * @param written is called later when the kernel has taken it, or with the error for which it has not. The channel goes on after some
 *   errors, as when the kernel takes no descriptor (ETOOMANYREFS).
 * @returns false when it was not written. Then `written` is not called.
 */
export function writeHandle(
  channel: ChannelHandle,
  text: string,
  handle: object,
  written?: (error: Error | null) => void,
): boolean {
  const request: WriteRequest = new Request!();
  if (channel.writeUtf8String!(request, text, handle) !== 0) return false;
  if (written !== undefined)
    request.oncomplete = (status) =>
      written(status < 0 ? new Error(`the write failed: ${getSystemErrorName(status)}`) : null);
  return true;
}

/** Whether the child has been sent a handle that it has not acknowledged. */
export function awaitsAcknowledgement(child: ChildProcess): boolean {
  return queueOf(child) !== undefined;
}

/**
 * How many messages wait behind a handle that the child has not acknowledged. Node keeps them in a list, and none of them counts in
 * `writeQueueSize`.
 */
export function messagesBehindHandle(child: ChildProcess): number {
  return queueOf(child)?.length ?? 0;
}

function queueOf(child: ChildProcess): readonly unknown[] | undefined {
  const { _handleQueue: queue } = child as ChildProcess & { readonly _handleQueue?: readonly unknown[] | null };
  return Array.isArray(queue) ? queue : undefined;
}

/**
 * Makes a descriptor that was inherited the channel of this process.
 *
 * @returns false where this Node.js cannot
 */
export function openChannel(fd: number): boolean {
  const { _forkChild: open } = childProcess as unknown as {
    readonly _forkChild?: (fd: number, serialization: 'json' | 'advanced') => void;
  };
  if (typeof open !== 'function') return false;
  // Those of the channel that has ended would read the new one's messages too.
  process.removeAllListeners('internalMessage');
  open(fd, 'json');
  process.channel?.unref();
  return true;
}
