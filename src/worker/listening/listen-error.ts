import { resolve } from 'node:path';
import { SYSTEMD_PREFIX } from '../../listeners/address.ts';

/** Errors and addresses as net.Server itself words them in a plain process. */

/** Where the application called `listen`. The answer comes later, when the caller is not on the stack any more. */
export interface Caller {
  readonly stack?: string;
}

/** Where no server can listen, and why. */
export interface FailedListen {
  /** A negative number, as in libuv. */
  readonly errno: number;
  /** Null for a descriptor. */
  readonly address: string | null;
  readonly port: number;
}

/** @param listen the stack leaves this function out, with all that it calls. */
export function callerOf(listen: (...args: never) => unknown): Caller {
  const caller: Caller = {};
  Error.captureStackTrace(caller, listen);
  return caller;
}

/** The error that Node's own `listen` emits: `listen EADDRINUSE: address already in use :::8080`. */
export function listenError(failed: FailedListen, caller?: Caller): NodeJS.ErrnoException {
  const { errno, address, port } = failed;
  // Few workers need `node:util`, and it is not small.
  const { getSystemErrorMap } = process.getBuiltinModule('node:util');
  const [code, description] = getSystemErrorMap().get(errno) ?? [`Unknown system error ${errno}`, 'unknown error'];
  const where = address === null ? '' : port > 0 ? ` ${address}:${port}` : ` ${address}`;
  const error = new Error(`listen ${code}: ${description}${where}`);
  const frames = caller?.stack?.split('\n').slice(1).join('\n');
  if (frames) error.stack = `${error.name}: ${error.message}\n${frames}`;
  return Object.assign(error, {
    code,
    errno,
    syscall: 'listen',
    address,
    ...(address !== null && port !== 0 && { port }),
  });
}

/** Makes a path absolute: workers may have changed their directory. Abstract names of Linux, and systemd's, are no paths. */
export function resolvePath(path: string): string {
  return path.startsWith('\0') || path.startsWith(SYSTEMD_PREFIX) ? path : resolve(path);
}
