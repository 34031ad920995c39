import type { AdminServer } from '../../control/admin-server.ts';
import type { ControlServer } from '../../control/server.ts';
import type { AdminSocket } from '../../upgrade/handover.ts';
import type { AdminToken } from './admin.ts';
import type { Cleanup } from '../system/cleanup.ts';
import { openControlSocket, type ControlSocketOptions } from './control-socket.ts';

export interface ControlEndpointsParts extends ControlSocketOptions {
  /** The token of `--admin`; undefined without that option. */
  readonly token: AdminToken | undefined;
  /** The socket that the primary before this one had for `--admin`. */
  readonly inherited: AdminSocket | undefined;
  readonly cleanup: Cleanup;
}

/**
 * The places where this primary can be asked: the control socket, and `--admin` over TCP. Owns both, once they are
 * opened. `close` lets out what is being answered.
 */
export class ControlEndpoints {
  readonly #parts: ControlEndpointsParts;
  #control: Promise<ControlServer | undefined> | undefined;
  #admin: Promise<AdminServer | undefined> | undefined;
  /** The servers, once they listen. */
  #controlServer: ControlServer | undefined;
  #adminServer: AdminServer | undefined;
  /** The signal for what is being opened. */
  readonly #opening = new AbortController();

  constructor(parts: ControlEndpointsParts) {
    this.#parts = parts;
  }

  /**
   * Opens the control socket once, however often this is called. `openAdmin` is called when the primary before this one
   * knows that it is succeeded, and answers no client any more. Otherwise a counter would fall back and forth between
   * the two, and Prometheus would see traffic that never was.
   */
  openControl(): Promise<ControlServer | undefined> {
    return (this.#control ??= this.#openControl());
  }

  openAdmin(): Promise<AdminServer | undefined> {
    return (this.#admin ??= this.#openAdmin());
  }

  /** The socket of `--admin`, for the primary that succeeds this one. */
  get adminSocket(): AdminSocket | undefined {
    const { token, settings } = this.#parts;
    const { admin: address } = settings;
    const fd = this.#adminServer?.fd;
    return address === undefined || fd === undefined ? undefined : { address, fd, token: token?.token };
  }

  /** Stops answering within this turn of the event loop: the next primary is about to answer there, and counts anew. */
  yield(): void {
    this.#controlServer?.yield();
    this.#adminServer?.yield();
  }

  get isClosed(): boolean {
    return this.#opening.signal.aborted;
  }

  /** Closes both. An endpoint that is not open yet stays closed. */
  async close(): Promise<void> {
    this.#opening.abort();
    await Promise.all([close(this.#control), close(this.#admin)]);
  }

  async #openControl(): Promise<ControlServer | undefined> {
    if (this.isClosed) return undefined;
    const server = await openControlSocket(this.#parts);
    this.#parts.cleanup.add(() => server?.remove());
    return (this.#controlServer = server);
  }

  async #openAdmin(): Promise<AdminServer | undefined> {
    const { settings, controls, log, replace, token, inherited } = this.#parts;
    const { admin: address, adminHost: names } = settings;
    if (this.isClosed || (address === undefined && inherited === undefined)) return undefined;
    const { openAdmin, takeOver } = await import('./admin.ts');
    if (address !== undefined && token !== undefined) {
      const { signal } = this.#opening;
      this.#adminServer = await openAdmin({
        address,
        token,
        names,
        controls,
        log,
        isSuccessor: replace,
        inherited,
        signal,
      });
    } else if (inherited !== undefined) takeOver(inherited, address);
    return this.#adminServer;
  }
}

/** Closes a server. One that could not be opened has said so already. */
async function close(opening: Promise<{ close(): Promise<void> } | undefined> | undefined): Promise<void> {
  const server = await opening?.catch(() => undefined);
  await server?.close();
}
