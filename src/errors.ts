/**
 * The reasons for which prefork ends other than as asked: the code of the error, the exit code of the process, and the
 * meaning. The help and the documentation print this table.
 */
export const exitCodes = {
  ERR_BOOT_FAILED: { exitCode: 1, meaning: 'a worker ended or was not ready in time' },
  ERR_OVER_RECOVERY: { exitCode: 1, meaning: 'workers ended more often than allowed' },
  ERR_HOOK_FAILED: { exitCode: 1, meaning: 'onWorkerSpawn or onPrimaryReady threw' },
  ERR_UPGRADE_FAILED: { exitCode: 1, meaning: 'the previous primary did not hand over' },
  ERR_MISSING_DEPENDENCY: { exitCode: 1, meaning: 'a package that is needed is missing' },
  ERR_NAME_TAKEN: { exitCode: 1, meaning: 'another server runs under the given name' },
  ERR_CONTROL_SOCKET: { exitCode: 1, meaning: 'the control socket or its directory cannot be used' },
  ERR_ADMIN_ADDRESS: { exitCode: 1, meaning: 'the address of --admin cannot be used' },
  ERR_NO_ANSWER: { exitCode: 1, meaning: 'the server ended or was stuck before it answered' },
  ERR_NOT_DONE: { exitCode: 1, meaning: 'the server could not do what a command asked for' },
  ERR_PREFORK_USAGE: { exitCode: 2, meaning: 'a bad option, variable, config file or entry' },
  // Init scripts return this for a program that is not running (LSB).
  ERR_NOT_RUNNING: { exitCode: 3, meaning: 'the server of the command is not running' },
  // The exit code is EX_SOFTWARE of sysexits.h, so that scripts can tell prefork's own faults from the application's.
  ERR_INTERNAL: { exitCode: 70, meaning: 'a fault in prefork itself' },
} as const;

/** The values of `error.code`. */
export type PreforkErrorCode = keyof typeof exitCodes;

/** Every error that prefork itself throws. `cause` is the error that led to it, if there was one. */
export class PreforkError extends Error {
  /** A stable code for programs. The message is for people and may change. */
  readonly code: PreforkErrorCode;
  /** The exit code of the command after this error. */
  readonly exitCode: number;

  static {
    // The name stands on the prototype, as with Node's own errors, because an own property would be printed with every
    // error.
    this.prototype.name = 'PreforkError';
  }

  constructor(code: PreforkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = exitCodes[code].exitCode;
  }
}

/** The user's input cannot be used. The message is one line: what is wrong, what was expected, and what was given. */
export class UsageError extends PreforkError {
  static {
    this.prototype.name = 'UsageError';
  }

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_PREFORK_USAGE', message, options);
  }
}
