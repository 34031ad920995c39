/**
 * Where the preload and the library meet in a worker. They may be different copies of the package (an application can
 * have its own in node_modules), so they meet at a registered symbol instead of in a module.
 */
const key = Symbol.for('prefork.worker.v1');

/** What the preload offers. */
export interface WorkerRegistry {
  /** Undefined in a spare, until it is promoted. */
  readonly slot: number | undefined;
  readonly generation: number;
  readonly isDraining: boolean;
  /** The server stops. Undefined in an older prefork. */
  readonly isStopping?: boolean;
  /** The scoreboard's file. Workers may keep what they share beside it. Empty where none could be made. */
  readonly board: string;
  /** Gives the primary metrics of the application's own, from a registry like prom-client's. */
  metrics(registry: MetricsRegistry): void;
  /** Adds a function that says how the worker is. It is asked while a canary is watched. Undefined in an older prefork. */
  health?(hook: HealthHook): void;
  /** Gives the primary metrics of what prefork keeps in this worker. They are shown beside those of the application. */
  ownMetrics(registry: MetricsRegistry): void;
  /** Tells the primary that this worker may receive traffic. Later calls do nothing. */
  ready(): void;
  /** Runs once the slot is known. */
  onSlot(hook: (slot: number) => void | Promise<void>): void;
  /** Runs when the worker begins to drain. The drain waits for its end. */
  onDrain(hook: () => void | Promise<void>): void;
  /** Runs when the server begins to stop. Undefined in an older prefork. */
  onStopping?(hook: () => void | Promise<void>): void;
  /** Runs when the primary is gone, before the worker drains and ends. */
  onPrimaryDeath(hook: () => void | Promise<void>): void;
}

/**
 * Says how the worker is: `false`, an error or an `ok` that is not true say that it is not well.
 */
export type HealthHook = () => HealthWord | Promise<HealthWord>;

/** What a {@link HealthHook} returns. Nothing means well. */
// oxlint-disable-next-line typescript/no-invalid-void-type -- a function that only throws returns nothing
export type HealthWord = boolean | void | { readonly ok: boolean; readonly reason?: string };

/** The part of a registry of prom-client that is used. */
export interface MetricsRegistry {
  getMetricsAsJSON(): Promise<readonly unknown[]>;
}

type Holder = { [key]?: WorkerRegistry };

export function register(registry: WorkerRegistry): void {
  Object.defineProperty(globalThis, key, { value: registry });
}

/** @returns undefined when this process is no worker of prefork. */
export function registered(): WorkerRegistry | undefined {
  return (globalThis as Holder)[key];
}
