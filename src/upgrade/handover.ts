/** The format in which one primary leaves its state to the next, and the few messages between them. */

import type { DatagramDescription } from '../listeners/datagram-sockets.ts';
import type { SocketManifest } from '../listeners/directory.ts';
import { fieldsOf } from '../contract/fields.ts';

/** The version of this format. The other primary may have another version of prefork. */
export const FORMAT = 2;

/** The variable in the environment of a primary that succeeds another one. Its value is the format of the handover. */
export const VARIABLE = 'PREFORK_UPGRADE';

/**
 * The descriptor from which the next primary reads the handover as JSON. Below are stdio and the channel between the
 * two.
 */
export const HANDOVER_FD = 4;

/** The next primary's first descriptor of a socket. */
export const FIRST_FD = 5;

/** The state of a primary. Descriptors are the sender's before the spawn, and the receiver's after it: see `packed`. */
export interface Handover extends SocketManifest {
  readonly format: typeof FORMAT;
  /** The name of its control socket, and the socket's path. */
  readonly name: string;
  readonly control: string;
  /** The path of its scoreboard, beside which the workers' state is. An older primary does not send this. */
  readonly board?: string | undefined;
  readonly generation: number;
  /** The present number of workers, if it was changed at run time. */
  readonly workers: number | undefined;
  /** True when that number changes by itself. An older primary does not send this. */
  readonly isAutoscaled?: boolean | undefined;
  /** What a person has paused autoscaling by, and when (monotonic, ms). An older primary does not send this. */
  readonly paused?: { readonly by: string; readonly at: number } | undefined;
  /** What `sticky-ip` chooses slots by. An older primary does not send this, and had none: 0. */
  readonly seed?: number | undefined;
  /** The descriptor of systemd's notification socket, where that was passed. */
  readonly notifyFd: number | undefined;
  /** UDP sockets. An older primary does not send them. */
  readonly datagrams?: readonly DatagramDescription[] | undefined;
  /** Root has started the first of these primaries for another user. An older primary does not send this. */
  readonly isFromRoot?: boolean | undefined;
  /** The descriptor of the channel to the binder, where there is one (`--user`). */
  readonly binderFd?: number | undefined;
  /** The address of `--admin` as it was given, the socket that listens there, and the token. */
  readonly admin?: AdminSocket | undefined;
}

export interface AdminSocket {
  readonly address: string;
  readonly fd: number;
  /**
   * The token goes through the channel and not through the environment, which other processes of the same user can
   * read.
   */
  readonly token?: string | undefined;
}

/** The messages of the next primary. */
export type NewPrimaryMessage =
  /** Only primaries of the format before this one sent this message, to ask what they inherit. */
  | { readonly prefork: 'hello' }
  /** The new primary's workers serve. */
  | {
      readonly prefork: 'ready';
      readonly generation: number;
      /** True when the new primary takes connections of the old one's workers. Older versions do not say. */
      readonly takes?: boolean;
    }
  | { readonly prefork: 'failed'; readonly reason: string };

/**
 * Returns how many workers the next primary begins with: as many as there are, where that was changed at run time. A number
 * that the load has chosen does not count where the number is fixed from now on.
 */
export function firstWorkers(
  handover: Pick<Handover, 'workers' | 'isAutoscaled'> | undefined,
  { workers, range }: { readonly workers: number; readonly range: object | undefined },
): number {
  const isFixedNow = handover?.isAutoscaled === true && range === undefined;
  return isFixedNow ? workers : (handover?.workers ?? workers);
}

/**
 * Returns the seed of `sticky-ip`. The clients of a server keep their slots in an upgrade. Nothing tells clients what else was drawn, so
 * that they could foresee it; node:crypto would cost each start some ms.
 */
export function seedOf(handover: Pick<Handover, 'seed'> | undefined): number {
  return handover === undefined ? Math.trunc(Math.random() * 2 ** 32) : (handover.seed ?? 0);
}

/**
 * Returns the descriptors in the order in which they are passed, and the handover with the numbers that they get by
 * that.
 */
export function packed(handover: Handover): { readonly handover: Handover; readonly fds: readonly number[] } {
  const fds: number[] = [];
  const pass = (fd: number): number => FIRST_FD + fds.push(fd) - 1;
  const listeners = handover.listeners.map((listener) => ({
    ...listener,
    sockets: listener.sockets.map(([slot, fd]) => [slot, pass(fd)] as const),
  }));
  const notifyFd = handover.notifyFd === undefined ? undefined : pass(handover.notifyFd);
  const datagrams = handover.datagrams?.map((one) => ({ ...one, fd: pass(one.fd) }));
  const binderFd = handover.binderFd === undefined ? undefined : pass(handover.binderFd);
  const admin = handover.admin && { ...handover.admin, fd: pass(handover.admin.fd) };
  return { handover: { ...handover, listeners, datagrams, notifyFd, binderFd, admin }, fds };
}

export function isNewPrimaryMessage(message: unknown): message is NewPrimaryMessage {
  const { prefork, generation, reason } = fieldsOf(message);
  if (prefork === 'ready') return Number.isSafeInteger(generation);
  return prefork === 'hello' || (prefork === 'failed' && typeof reason === 'string');
}

/**
 * Parses a handover.
 *
 * @returns undefined for anything that a primary of this format would not have left.
 */
export function handoverOf(text: string): Handover | undefined {
  try {
    const handover = JSON.parse(text) as Partial<Handover> | null;
    if (handover?.format !== FORMAT) return undefined;
    return Array.isArray(handover.listeners) && Array.isArray(handover.ephemeral) ? (handover as Handover) : undefined;
  } catch {
    // The text is cut short, because the primary was killed while it wrote.
    return undefined;
  }
}
