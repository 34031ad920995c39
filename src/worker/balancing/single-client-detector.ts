import { clientOf } from '../../contract/networks.ts';

/** After so many connections of one client it is no chance that no other has come. */
const ENOUGH = 100;

/** Notices when the first connections all come from one client: a proxy hides its clients, and sticky-ip cannot tell them apart. */
export class SingleClientDetector {
  readonly #tell: (address: string) => void;
  #client: string | undefined;
  #connections = 0;

  /** @param tell is called once, or never */
  constructor(tell: (address: string) => void) {
    this.#tell = tell;
  }

  saw(address: string): void {
    if (this.#connections >= ENOUGH) return;
    const client = clientOf(address);
    this.#client ??= client;
    // Another client has come: nothing is to be looked for any more.
    this.#connections = client === this.#client ? this.#connections + 1 : Infinity;
    if (this.#connections === ENOUGH) this.#tell(address);
  }
}
