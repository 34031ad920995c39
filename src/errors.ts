/**
 * Why prefork ends other than as asked: the code of the error, what the process exits with, and what it means. The
 * help and the documentation print this table.
 */
export const exitCodes = {
  ERR_BOOT_FAILED: { exitCode: 1, meaning: 'a worker was not ready in time, or ended before' },
  ERR_OVER_RECOVERY: { exitCode: 1, meaning: 'workers ended more often than allowed' },
  ERR_HOOK_FAILED: { exitCode: 1, meaning: 'onWorkerSpawn or onPrimaryReady threw' },
  ERR_UPGRADE_FAILED: { exitCode: 1, meaning: 'the primary before it did not hand over' },
  ERR_MISSING_DEPENDENCY: { exitCode: 1, meaning: 'what was asked for needs a package that is missing' },
  ERR_NAME_TAKEN: { exitCode: 1, meaning: 'another server runs under the name that was given' },
  ERR_CONTROL_SOCKET: { exitCode: 1, meaning: 'the control socket or its directory cannot be used' },
  ERR_ADMIN_ADDRESS: { exitCode: 1, meaning: 'the address of --admin cannot be used' },
  ERR_NO_ANSWER: { exitCode: 1, meaning: 'the server ended, or was stuck, before it answered' },
  ERR_NOT_DONE: { exitCode: 1, meaning: 'the server could not do what a command asked for' },
  ERR_PREFORK_USAGE: { exitCode: 2, meaning: 'a bad option, variable, config file or entry' },
  // As init scripts answer for a program that is not running (LSB).
  ERR_NOT_RUNNING: { exitCode: 3, meaning: 'no server runs that the command could be meant for' },
  // EX_SOFTWARE of sysexits.h, so that scripts can tell prefork's own faults from the application's.
  ERR_INTERNAL: { exitCode: 70, meaning: 'a fault in prefork itself' },
} as const;

/** What `error.code` can be. */
export type PreforkErrorCode = keyof typeof exitCodes;

/** Every error that prefork itself throws. `cause` is what led to it, where something did. */
export class PreforkError extends Error {
  /** Stable, for programs; the message is for people and may change. */
  readonly code: PreforkErrorCode;
  /** What the command exits with because of it. */
  readonly exitCode: number;

  static {
    // On the prototype, as Node's own errors have it: an own property would be printed with every error.
    this.prototype.name = 'PreforkError';
  }

  constructor(code: PreforkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = exitCodes[code].exitCode;
  }
}

/** What the user wrote cannot be used. The message is one line: what is wrong, what was expected, what was got. */
export class UsageError extends PreforkError {
  static {
    this.prototype.name = 'UsageError';
  }

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_PREFORK_USAGE', message, options);
  }
}
