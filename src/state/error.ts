/**
 * What `error.code` can be:
 *
 * - `ERR_STATE_USAGE` an argument or option cannot be used
 * - `ERR_STATE_VALUE` a value cannot be stored, or what is stored is not what the operation needs
 * - `ERR_STATE_FULL` the store has no room; nothing that was in it is lost
 * - `ERR_STATE_PLACE` the store's file cannot be made or opened; the `cause` says why
 * - `ERR_STATE_VERSION` the file is another program's, or another version's
 * - `ERR_STATE_DAMAGED` the file is no database any more, or what is in it was not written by prefork
 * - `ERR_STATE_TIMEOUT` a lock, or the store itself, was held by others for too long
 * - `ERR_STATE_UNAVAILABLE` the server cannot be reached, or answers what no Redis would
 * - `ERR_STATE_UNSUPPORTED` this Node has no engine to keep state in
 * - `ERR_STATE_MISSING_DEPENDENCY` a package has to be installed for what was asked
 * - `ERR_STATE_CLOSED` it was closed before
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

/** Every error of `prefork/state`. `cause` is what led to it, where something did. */
export class StateError extends Error {
  /** Stable, for programs; the message is for people and may change. */
  readonly code: StateErrorCode;

  static {
    // On the prototype, as Node's own errors have it: an own property would be printed with every error.
    this.prototype.name = 'StateError';
  }

  constructor(code: StateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const outages: readonly StateErrorCode[] = ['ERR_STATE_UNAVAILABLE', 'ERR_STATE_TIMEOUT', 'ERR_STATE_FULL'];

/** Whether the store could not be asked, which says nothing about what is in it. */
export function isOutage(error: unknown): boolean {
  return error instanceof StateError && outages.includes(error.code);
}
