import { AdminServer } from '../../control/admin-server.ts';
import type { Controls } from '../../control/controls.ts';
import { newSecret } from '../../control/secret.ts';
import { PreforkError } from '../../errors.ts';
import type { AdminSocket } from '../../upgrade/handover.ts';
import type { GivenToken } from './admin-token.ts';
import type { Log } from '../telemetry/log.ts';

/** The primary before this one has the address until it hears that this one is ready, ms. */
const SUCCESSION = 10_000;

export interface AdminToken {
  readonly token: string;
  /** Those who should know it do: it need not be in the log. */
  readonly isGiven: boolean;
}

/**
 * The token in force: the one that was given, the one of the primary before this one, or a new one.
 *
 * @param inherited so that those who have it need no other one after an upgrade.
 */
export function adminToken(given: GivenToken | undefined, inherited: string | undefined): AdminToken {
  const known = given?.token ?? inherited;
  return { token: known ?? newSecret(), isGiven: known !== undefined };
}

export interface AdminOptions {
  readonly address: string;
  readonly token: AdminToken;
  readonly controls: Controls;
  readonly log: Log;
  readonly isSuccessor: boolean;
  /** What the primary before this one listened on, if it did. */
  readonly inherited: AdminSocket | undefined;
  /** Aborted when nobody wants it any more. */
  readonly signal: AbortSignal;
}

/** @throws PreforkError `ERR_ADMIN_ADDRESS`, unless this primary succeeds another: then it serves without. */
export async function openAdmin(options: AdminOptions): Promise<AdminServer | undefined> {
  const { address, token, controls, log, isSuccessor, inherited, signal } = options;
  try {
    const patience = isSuccessor ? SUCCESSION : 0;
    const fd = inherited && takeOver(inherited, address);
    const server = await AdminServer.open({ controls, address, token: token.token, fd, patience, signal });
    // One that was given is known to those who should know it.
    log('admin', { address: server.url, token: token.isGiven ? undefined : token.token });
    return server;
  } catch (cause) {
    if (signal.aborted) return undefined;
    const message = `--admin ${address}: ${(cause as Error).message}`;
    if (isSuccessor) {
      log('no admin', { message });
      return undefined;
    }
    log('error', { message, code: undefined });
    throw new PreforkError('ERR_ADMIN_ADDRESS', message, { cause });
  }
}

/**
 * The address may be another one now: then the socket of the old one is closed, so that it is refused there, and not queued
 * for ever.
 */
export function takeOver({ address, fd }: AdminSocket, wanted: string | undefined): number | undefined {
  if (address === wanted) return fd;
  process.getBuiltinModule('node:fs').closeSync(fd);
  return undefined;
}
