/** What one primary leaves to the next, and the few words between them while it does. */

import type { DatagramDescription } from '../listeners/datagram-sockets.ts';
import type { SocketManifest } from '../listeners/directory.ts';

/** Of this format. A primary of another version of prefork may be at the other end. */
export const FORMAT = 2;

/** In the environment of a primary that is to succeed another one: the format in which that one leaves what it has. */
export const VARIABLE = 'PREFORK_UPGRADE';

/** From which the next primary reads the handover, as JSON; below are stdio and the channel between the two. */
export const HANDOVER_FD = 4;

/** The next primary's first descriptor of a socket. */
export const FIRST_FD = 5;

/** Descriptors are the sender's before the spawn, and the receiver's after it: see `packed`. */
export interface Handover extends SocketManifest {
  readonly format: typeof FORMAT;
  /** Under which its control socket is found, and where that is. */
  readonly name: string;
  readonly control: string;
  /** Its scoreboard, beside which the workers' state is; a primary before this existed does not say. */
  readonly board?: string | undefined;
  readonly generation: number;
  /** How many workers there are now, if that was changed at run time. */
  readonly workers: number | undefined;
  /** Of systemd's notification socket, where that was passed. */
  readonly notifyFd: number | undefined;
  /** UDP sockets; a primary before this existed has none to say. */
  readonly datagrams?: readonly DatagramDescription[] | undefined;
  /** Of the channel to the binder, where there is one (`--user`). */
  readonly binderFd?: number | undefined;
  /** Of `--admin`: the address as it was given, the socket that listens there, and the token. */
  readonly admin?: AdminSocket | undefined;
}

export interface AdminSocket {
  readonly address: string;
  readonly fd: number;
  /** By the channel and not by the environment, which others of the same user can read. */
  readonly token?: string | undefined;
}

/** The next primary says: */
export type NewPrimaryMessage =
  /** Only those of the format before this one did: it would like to know what it inherits. */
  | { readonly prefork: 'hello' }
  /** Its workers serve. */
  | {
      readonly prefork: 'ready';
      readonly generation: number;
      /** It takes connections of the old one's workers; one before this existed does not say. */
      readonly takes?: boolean;
    }
  | { readonly prefork: 'failed'; readonly reason: string };

/** The descriptors in the order in which they are passed, and the handover with the numbers that they get by that. */
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
  const { prefork, generation, reason } = (message ?? {}) as Record<string, unknown>;
  if (prefork === 'ready') return Number.isSafeInteger(generation);
  return prefork === 'hello' || (prefork === 'failed' && typeof reason === 'string');
}

/** @returns undefined for anything that a primary of this format would not have left. */
export function handoverOf(text: string): Handover | undefined {
  try {
    const handover = JSON.parse(text) as Partial<Handover> | null;
    if (handover?.format !== FORMAT) return undefined;
    return Array.isArray(handover.listeners) && Array.isArray(handover.ephemeral) ? (handover as Handover) : undefined;
  } catch {
    // Cut short: it was killed while it wrote.
    return undefined;
  }
}
