/** Under which name, and at which path, this server can be asked. The endpoints open the socket, and say where it is. */
export class ControlAddress {
  #name: string;
  #path = '';

  /** @param name asked for: another server may have it */
  constructor(name: string) {
    this.#name = name;
  }

  get name(): string {
    return this.#name;
  }

  /** Empty while there is no control socket. */
  get path(): string {
    return this.#path;
  }

  opened({ name = this.#name, path }: { readonly name?: string; readonly path: string }): void {
    this.#name = name;
    this.#path = path;
  }
}
