/**
 * The values of `error.code`:
 *
 * - `ERR_STATE_USAGE` an argument or option cannot be used
 * - `ERR_STATE_VALUE` a value cannot be stored, or the stored value is not what the operation needs
 * - `ERR_STATE_FULL` the store has no room; nothing that was in it is lost
 * - `ERR_STATE_PLACE` the store's file cannot be created or opened; the `cause` says why
 * - `ERR_STATE_VERSION` the file belongs to another program or another version, or another version of prefork has begun a
 *   format in Redis that this one does not know
 * - `ERR_STATE_DAMAGED` the file is not a database any more, or prefork did not write its content
 * - `ERR_STATE_TIMEOUT` other processes held a lock, or the store itself, for too long, or an update waited too long for its turn
 * - `ERR_STATE_UNAVAILABLE` the server cannot be reached, or answers as no Redis would
 * - `ERR_STATE_UNSUPPORTED` this Node has no engine to keep state in
 * - `ERR_STATE_MISSING_DEPENDENCY` the call needs a package that is not installed
 * - `ERR_STATE_CLOSED` the state, or the channel, is closed
 */
export type StateErrorCode =
  | 'ERR_STATE_USAGE'
  | 'ERR_STATE_VALUE'
  | 'ERR_STATE_FULL'
  | 'ERR_STATE_PLACE'
  | 'ERR_STATE_VERSION'
  | 'ERR_STATE_DAMAGED'
  | 'ERR_STATE_TIMEOUT'
  | 'ERR_STATE_UNAVAILABLE'
  | 'ERR_STATE_UNSUPPORTED'
  | 'ERR_STATE_MISSING_DEPENDENCY'
  | 'ERR_STATE_CLOSED';

/** Every error of `prefork/state`. `cause` is the error that led to it, if there was one. */
export class StateError extends Error {
  /** A stable code for programs. The message is for people and may change. */
  readonly code: StateErrorCode;
  /**
   * True when the operation may have been done and may not: it was sent to the server, and no answer came. False when
   * it was not done.
   */
  readonly isUncertain: boolean;

  static {
    // The name stands on the prototype, as with Node's own errors, because an own property would be printed with every
    // error.
    this.prototype.name = 'StateError';
  }

  constructor(code: StateErrorCode, message: string, options?: ErrorOptions & { readonly isUncertain?: boolean }) {
    super(message, options);
    this.code = code;
    this.isUncertain = options?.isUncertain ?? false;
  }
}

const outages: readonly StateErrorCode[] = ['ERR_STATE_UNAVAILABLE', 'ERR_STATE_TIMEOUT', 'ERR_STATE_FULL'];

/** Tells whether the store could not be asked, which says nothing about its content. */
export function isOutage(error: unknown): boolean {
  return error instanceof StateError && outages.includes(error.code);
}
