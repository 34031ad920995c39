import type { Balance, Migrate, Sharing } from '../contract/modes.ts';

/** What the primary gives a worker to know from its first instruction on, in its environment. */
export interface WorkerContext {
  /** -1 for a spare, until it is promoted. */
  readonly slot: number;
  readonly generation: number;
  readonly sharing: Sharing;
  /** Who serves a connection that this worker accepts. */
  readonly balance: Balance;
  /** Whether connections may change their worker. */
  readonly migrate: Migrate;
  /** The scoreboard's file and this worker's row in it. */
  readonly board: string;
  readonly row: number;
  /** The directory for node's report of a fatal error; empty where none could be made. */
  readonly reports: string;
  /** The path of the primary's control socket; empty where there is none. */
  readonly control: string;
  /** After how much silence a thread writes the stack down, ms; 0: there is none. */
  readonly hangStack: number;
  /** How long an orphan may take to finish what is in flight, ms. */
  readonly gracePeriod: number;
}

/** The slot of a spare. */
export const NO_SLOT = -1;

/** Private to prefork, and taken out of the environment before the application sees it. */
const VARIABLE = 'PREFORK_CONTEXT';

/** The environment of a worker: what design and documentation promise to applications, and the context. */
export function contextEnvironment(context: WorkerContext): Record<string, string> {
  return {
    PREFORK_CHILD: '1',
    PREFORK_GENERATION: String(context.generation),
    ...slotEnvironment(context.slot),
    [VARIABLE]: JSON.stringify(context),
  };
}

/** What says which slot a worker has; a spare has none, and is told in its own process when it gets one. */
export function slotEnvironment(slot: number): Record<string, string> {
  // The second is the name that PM2's users read.
  return slot === NO_SLOT ? {} : { PREFORK_SLOT: String(slot), NODE_APP_INSTANCE: String(slot) };
}

/**
 * Takes the context out of the environment, so that a process which the application starts does not take itself for a
 * worker.
 *
 * @returns undefined when this process is no worker of prefork.
 */
export function takeContext(): WorkerContext | undefined {
  const text = process.env[VARIABLE];
  if (text === undefined) return undefined;
  delete process.env[VARIABLE];
  return JSON.parse(text) as WorkerContext;
}
