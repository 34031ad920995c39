import { OneShotHooks } from '../draining/one-shot-hooks.ts';
import type { Link } from '../link.ts';

/** What this worker knows of the server as a whole, by its primary's word. */
export class ServerState {
  /** Fires when the server begins to stop: with a drain delay that is long before the worker drains. */
  readonly onStopping: OneShotHooks = new OneShotHooks('onStopping');
  #unready: string | undefined;

  constructor(link: Pick<Link, 'on'>) {
    link.on('server', ({ isStopping, unready }) => {
      this.#unready = unready;
      if (isStopping) this.onStopping.fire();
    });
  }

  get isStopping(): boolean {
    return this.onStopping.hasFired;
  }

  /** Why the server is not ready, as `/readyz` of the primary says. Undefined where it is. */
  get unready(): string | undefined {
    return this.isStopping ? 'stopping' : this.#unready;
  }
}
