/**
 * The name under which, and the path at which, this server can be asked. The endpoints open the socket, and say where
 * it is.
 */
export class ControlAddress {
  #name: string;
  #path = '';

  /** @param name the name that was asked for. Another server may have it. */
  constructor(name: string) {
    this.#name = name;
  }

  get name(): string {
    return this.#name;
  }

  /** The path of the control socket; empty while there is none. */
  get path(): string {
    return this.#path;
  }

  opened({ name = this.#name, path }: { readonly name?: string; readonly path: string }): void {
    this.#name = name;
    this.#path = path;
  }
}
