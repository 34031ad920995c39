/** A function of the application's. Its promise is waited for. An error in it is printed, and has no other effect. */
export type Hook<Value> = (value: Value) => void | Promise<void>;

/**
 * Something that happens once in a worker's life, and the application's functions for it. A function that is added after the
 * event runs at once.
 */
export class OneShotHooks<Value = void> {
  readonly #name: string;
  readonly #hooks: Array<Hook<Value>> = [];
  readonly #running = new Set<Promise<void>>();
  #event: { readonly value: Value } | undefined;

  /** @param name by which the application knows the event: it is printed when a function fails. */
  constructor(name: string) {
    this.#name = name;
  }

  get hasFired(): boolean {
    return this.#event !== undefined;
  }

  add(hook: Hook<Value>): void {
    if (this.#event === undefined) this.#hooks.push(hook);
    else this.#start(hook, this.#event.value);
  }

  /** Starts all functions, side by side. A second call does nothing. */
  fire(value: Value): void {
    if (this.#event !== undefined) return;
    this.#event = { value };
    for (const hook of this.#hooks.splice(0)) this.#start(hook, value);
  }

  /** @returns a promise of the end of every function, those included that are added meanwhile. It never rejects. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #start(hook: Hook<Value>, value: Value): void {
    const run = this.#run(hook, value);
    this.#running.add(run);
    void run.then(() => this.#running.delete(run));
  }

  async #run(hook: Hook<Value>, value: Value): Promise<void> {
    try {
      await hook(value);
    } catch (error) {
      console.error(`prefork: ${this.#name} failed:`, error);
    }
  }
}
