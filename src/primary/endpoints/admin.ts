import { AdminServer } from '../../control/admin-server.ts';
import type { Controls } from '../../control/controls.ts';
import { newSecret } from '../../control/secret.ts';
import { PreforkError } from '../../errors.ts';
import type { AdminSocket } from '../../upgrade/handover.ts';
import type { GivenToken } from './admin-token.ts';
import type { Log } from '../telemetry/log.ts';
import { messageOf } from '../../contract/message-of.ts';

/** The time to wait for the address. The primary before this one has it until it hears that this one is ready. */
const SUCCESSION_MS = 10_000;

export interface AdminToken {
  readonly token: string;
  /** True when the token was given, so that its users know it, and it need not be in the log. */
  readonly isGiven: boolean;
}

/**
 * Returns the token in force: the one that was given, the one of the primary before this one, or a new one.
 *
 * @param inherited the one of the primary before this one, so that clients which have it need no other one after an
 * upgrade.
 */
export function adminToken(given: GivenToken | undefined, inherited: string | undefined): AdminToken {
  const known = given?.token ?? inherited;
  return { token: known ?? newSecret(), isGiven: known !== undefined };
}

export interface AdminOptions {
  readonly address: string;
  readonly token: AdminToken;
  readonly names: readonly string[] | undefined;
  readonly controls: Controls;
  readonly log: Log;
  readonly isSuccessor: boolean;
  /** The socket on which the primary before this one listened, if it did. */
  readonly inherited: AdminSocket | undefined;
  /** The signal that ends the opening, when the server is not wanted any more. */
  readonly signal: AbortSignal;
}

/** @throws PreforkError `ERR_ADMIN_ADDRESS`, unless this primary succeeds another. It then serves without `--admin`. */
export async function openAdmin(options: AdminOptions): Promise<AdminServer | undefined> {
  const { address, token, names, controls, log, isSuccessor, inherited, signal } = options;
  try {
    const patience = isSuccessor ? SUCCESSION_MS : 0;
    const fd = inherited && takeOver(inherited, address);
    const server = await AdminServer.open({ controls, address, token: token.token, names, fd, patience, signal });
    // A token that was given is known to its users.
    log('admin', { address: server.url, token: token.isGiven ? undefined : token.token });
    return server;
  } catch (cause) {
    if (signal.aborted) return undefined;
    const message = `--admin ${address}: ${messageOf(cause)}`;
    if (isSuccessor) {
      log('no admin', { message });
      return undefined;
    }
    log('error', { message, code: undefined });
    throw new PreforkError('ERR_ADMIN_ADDRESS', message, { cause });
  }
}

/**
 * Returns the descriptor of the old socket if it has the wanted address. Otherwise the socket is closed, so that
 * connections to it are refused, and not queued for ever.
 */
export function takeOver({ address, fd }: AdminSocket, wanted: string | undefined): number | undefined {
  if (address === wanted) return fd;
  process.getBuiltinModule('node:fs').closeSync(fd);
  return undefined;
}
