/**
 * The protocol between the primary and the process of `--primary`, the application's half of what node:cluster's users run in their
 * primary. That process runs code that is not ours, so its messages are checked as those of workers are.
 */
import { fieldsOf } from '../contract/fields.ts';
import { COMMAND } from './channel.ts';

/** The messages of the half to the primary. */
export type HalfMessage =
  /** The program is loaded, so that it hears of the workers that there are. */
  | { readonly type: 'ready' }
  /** A message for a worker, as the program gave it to `worker.send`. */
  | { readonly type: 'send'; readonly worker: number; readonly message: unknown }
  /** The answer to `settle`, and the one to `prove`, with which a handle comes where the kernel has taken it. */
  | { readonly type: 'settled' }
  | { readonly type: 'proof'; readonly unsent?: true };

/** How a line begins in which the program has a message for a worker. */
export const HALF_SENDS: string = `{"cmd":"${COMMAND}","body":{"type":"send",`;

/** The messages of the primary to the half. */
export type ToHalf =
  | { readonly type: 'forked'; readonly worker: number; readonly pid: number }
  /** What a worker sent by `process.send`. */
  | { readonly type: 'said'; readonly worker: number; readonly message: unknown }
  /** The half is to end when it has heard all that came before this. */
  | { readonly type: 'end' }
  /** As to a worker: see `Settling`. */
  | { readonly type: 'settle' | 'prove' | 'resume' }
  | { readonly type: 'gone'; readonly worker: number; readonly code: number | null; readonly signal: string | null };

/**
 * Checks a message of the half.
 *
 * @returns undefined when it is not one of ours, when a field is missing or of the wrong kind, or when what it has for a worker
 *   would be a command there instead of a message of the application.
 */
export function decodeHalfMessage(body: unknown): HalfMessage | undefined {
  const { type, worker, message, unsent } = fieldsOf(body);
  if (type === 'ready' || type === 'settled') return { type };
  if (type === 'proof') return { type, ...(unsent === true && { unsent }) };
  if (type !== 'send' || !Number.isSafeInteger(worker) || !isForWorkers(message)) return undefined;
  return { type, worker: worker as number, message };
}

/**
 * Whether the application can send this to a worker. Node takes a message whose `cmd` begins with NODE_ for its own, or for ours, and
 * not for the application's. What JSON does not have is no message.
 */
export function isForWorkers(message: unknown): boolean {
  if (message === undefined || typeof message === 'function' || typeof message === 'symbol') return false;
  const { cmd } = fieldsOf(message);
  return typeof cmd !== 'string' || !cmd.startsWith('NODE_');
}
