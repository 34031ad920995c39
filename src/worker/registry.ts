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
  /** The scoreboard's file, beside which workers may keep what they share; empty where none could be made. */
  readonly board: string;
  /** Shows the primary metrics of the application's own, as prom-client's registries have them. */
  metrics(registry: MetricsRegistry): void;
  /** And those of what prefork keeps in this worker, which are shown beside the application's, whichever those are. */
  ownMetrics(registry: MetricsRegistry): void;
  /** Tells the primary that this worker may receive traffic. Later calls do nothing. */
  ready(): void;
  /** Runs once the slot is known. */
  onSlot(hook: (slot: number) => void | Promise<void>): void;
  /** Runs when the worker begins to drain, which is not over before it is. */
  onDrain(hook: () => void | Promise<void>): void;
  /** Runs when the primary is gone, before the worker drains and ends. */
  onPrimaryDeath(hook: () => void | Promise<void>): void;
}

/** What of a registry of prom-client is used. */
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
