import type { AdminServer } from '../control/admin-server.ts';
import type { ControlServer } from '../control/server.ts';
import type { AdminToken } from './admin.ts';
import type { Cleanup } from './cleanup.ts';
import { openControlSocket, type ControlSocketOptions } from './control-socket.ts';

export interface EntrancesParts extends ControlSocketOptions {
  /** Undefined without `--admin`. */
  readonly token: AdminToken | undefined;
  readonly cleanup: Cleanup;
}

/**
 * Where this primary can be asked: the control socket, and `--admin` over TCP. Owns both, once they are opened; `close` lets
 * what is being answered out.
 */
export class Entrances {
  readonly #parts: EntrancesParts;
  #control: Promise<ControlServer | undefined> | undefined;
  #admin: Promise<AdminServer | undefined> | undefined;
  #isClosed = false;

  constructor(parts: EntrancesParts) {
    this.#parts = parts;
  }

  /**
   * Once, whoever asks how often. The address of `--admin` is free only when the primary before this one knows that it is
   * succeeded: `openAdmin` comes after that.
   */
  openControl(): Promise<ControlServer | undefined> {
    return (this.#control ??= this.#openControl());
  }

  openAdmin(): Promise<AdminServer | undefined> {
    return (this.#admin ??= this.#openAdmin());
  }

  closeAdmin(): Promise<void> {
    return close(this.#admin);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What is not open yet stays closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([close(this.#control), close(this.#admin)]);
  }

  async #openControl(): Promise<ControlServer | undefined> {
    if (this.#isClosed) return undefined;
    const server = await openControlSocket(this.#parts);
    this.#parts.cleanup.add(() => server?.remove());
    return server;
  }

  async #openAdmin(): Promise<AdminServer | undefined> {
    const { settings, controls, log, replace, token } = this.#parts;
    if (settings.admin === undefined || token === undefined || this.#isClosed) return undefined;
    const { openAdmin } = await import('./admin.ts');
    return openAdmin({ address: settings.admin, token, controls, log, isSuccessor: replace });
  }
}

/** One that could not be opened has said so. */
async function close(opening: Promise<{ close(): Promise<void> } | undefined> | undefined): Promise<void> {
  const server = await opening?.catch(() => undefined);
  await server?.close();
}
