import { reasonOf } from './status.ts';

/**
 * An error that is meant for the client: its status is answered, and its message stays here.
 *
 * @example
 * if (user === undefined) throw new HttpError(404);
 */
export class HttpError extends Error {
  readonly status: number;

  static {
    this.prototype.name = 'HttpError';
  }

  /** @param status 400 to 599. */
  constructor(status: number, message: string = reasonOf(status), options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The `code` of an error that is the program's own error, in this part of the package. */
export type MisuseCode = 'ERR_HTTP_ANSWERED' | 'ERR_HTTP_FIELD' | 'ERR_HTTP_BODY' | 'ERR_HTTP_OPTION' | 'ERR_HTTP_PEER';

/** A call that cannot be carried out. The message says what would be right. */
export class MisuseError extends TypeError {
  readonly code: MisuseCode;

  static {
    this.prototype.name = 'MisuseError';
  }

  constructor(code: MisuseCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The reason why a signal aborts, and a body that is not whole fails. It has the name and code that libraries know for
 * it.
 */
export function clientLeft(): Error {
  return Object.assign(new Error('the client has left'), { name: 'AbortError', code: 'ECONNRESET' });
}
