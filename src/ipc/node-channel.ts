/**
 * The door to what Node.js keeps to itself about the channel between processes; the same in Node.js 20 to 26. Where a part is missing,
 * the answer is undefined or false: then Node.js reads the channel itself, or it cannot be opened again.
 */
import childProcess, { type ChildProcess } from 'node:child_process';
import type { ReceivedHandle } from './received-handle.ts';

/** Node's handle of a channel, in the process that has made the child. */
export interface ChannelHandle {
  /** Called with the bytes of each read, and without any at the end. */
  onread: (bytes?: ArrayBuffer) => void;
  /** Came with the bytes of the read that is being told. */
  pendingHandle: ReceivedHandle | null | undefined;
  /** Bytes. */
  readonly writeQueueSize: number;
}

/** Undefined for a child without a channel of Node's making. */
export function channelOf(child: ChildProcess): ChannelHandle | undefined {
  const key = Object.getOwnPropertySymbols(child).find(({ description }) => description === 'kChannelHandle');
  const channel = key && (child as unknown as Record<symbol, Partial<ChannelHandle> | null>)[key];
  return typeof channel?.onread === 'function' ? (channel as ChannelHandle) : undefined;
}

/** Whether the child has been sent a handle that it has not acknowledged. */
export function awaitsAcknowledgement(child: ChildProcess): boolean {
  const { _handleQueue: queue } = child as ChildProcess & { readonly _handleQueue?: readonly unknown[] | null };
  return Array.isArray(queue);
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
