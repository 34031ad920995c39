/**
 * What the two primaries of an upgrade say to each other of connections that move from the workers of the one to those of the other.
 * The words are those between a primary and its workers (`src/ipc/messages.ts`): the next primary is to the old one as a worker that
 * takes connections, and the old one to the next as a worker that gives them.
 */
import type { HandoffEnd } from '../ipc/messages.ts';
import { fieldsOf } from '../contract/fields.ts';
import { isPeer, type Peer } from '../contract/peer.ts';

/** What the next primary needs to know of a connection. */
export interface MoveTerms {
  readonly key: string;
  readonly slot: number;
  readonly worker: number;
  /** The client, by the word of a trusted proxy. */
  readonly peer?: Peer | undefined;
}

/** The old primary says: */
export type MoveMessage =
  /** The old primary has heard that the next one is ready, and has connections for it. One that has none only leaves. */
  | { readonly prefork: 'heard' }
  /**
   * Comes with a connection for the slot's worker, of the listener that both know by this key; answered by `moved`. `worker` is the
   * old primary's number of the worker that gives it.
   */
  | ({ readonly prefork: 'move'; readonly id: number } & MoveTerms)
  /** Nothing was heard of it for long; answered by `moved`, unless that is on its way. */
  | { readonly prefork: 'recall'; readonly id: number };

/** The next primary answers: */
export interface MovedMessage {
  readonly prefork: 'moved';
  readonly id: number;
  readonly how: HandoffEnd;
}

const ENDS: readonly unknown[] = ['taken', 'refused', 'failed'] satisfies HandoffEnd[];

export function isMoveMessage(message: unknown): message is MoveMessage {
  const { prefork, id, key, slot, worker, peer } = fieldsOf(message);
  if (peer !== undefined && !isPeer(peer)) return false;
  if (prefork === 'heard') return true;
  if (!Number.isSafeInteger(id)) return false;
  if (prefork === 'recall') return true;
  return prefork === 'move' && typeof key === 'string' && [slot, worker].every(Number.isSafeInteger);
}

export function isMovedMessage(message: unknown): message is MovedMessage {
  const { prefork, id, how } = fieldsOf(message);
  return prefork === 'moved' && Number.isSafeInteger(id) && ENDS.includes(how);
}
