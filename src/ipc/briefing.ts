import type { Balance, Migrate, Sharing } from '../contract/modes.ts';

/** The facts that a worker gets in its environment and knows from its first instruction on. */
export interface WorkerBriefing {
  /** The slot; -1 for a spare until it is promoted. */
  readonly slot: number;
  readonly generation: number;
  readonly sharing: Sharing;
  /** The way in which workers share accepted connections. */
  readonly balance: Balance;
  /** What `sticky-ip` chooses slots by: the same in all workers, and in those of the next primaries. */
  readonly seed: number;
  /** Whether connections may change their worker. */
  readonly migrate: Migrate;
  /** The scoreboard's file, or `NO_BOARD`, and this worker's row in it. */
  readonly board: string;
  readonly row: number;
  /** The directory for node's report of a fatal error; empty where none could be created. */
  readonly reports: string;
  /** The path of the primary's control socket; empty where there is none. */
  readonly control: string;
  /** The silence in ms after which a thread writes the worker's stack; 0 when there is no such thread. */
  readonly hangStack: number;
  /** How long an orphan may take to finish what is in flight, in ms. */
  readonly gracePeriod: number;
  /** The number of workers when this one was started. */
  readonly workers: number;
  /** The variable that tells the slot beside PREFORK_SLOT; `none` for no such variable. */
  readonly instanceVariable: string;
  /** The signal that asks the worker to end. */
  readonly stopSignal: NodeJS.Signals;
  /** The path at which this worker answers whether the server is ready; empty for none. */
  readonly healthPath: string;
  /** The networks whose connections begin with a header of PROXY protocol. Empty where no proxy is trusted. */
  readonly proxies: readonly string[];
  /** True when it writes what Node compiled, for the workers after it. */
  readonly savesCompileCache: boolean;
}

/** The slot of a spare. */
export const NO_SLOT = -1;

/** The variable is private to prefork and is removed from the environment before the application sees it. */
const VARIABLE = 'PREFORK_BRIEFING';

/** Returns the environment of a worker: the variables that the documentation promises, and the briefing. */
export function briefingEnvironment(briefing: WorkerBriefing): Record<string, string> {
  return {
    PREFORK_CHILD: '1',
    PREFORK_GENERATION: String(briefing.generation),
    PREFORK_WORKERS: String(briefing.workers),
    ...slotEnvironment(briefing.slot, briefing.instanceVariable),
    [VARIABLE]: JSON.stringify(briefing),
  };
}

/** Returns the variables that tell the slot. A spare has none, and sets them in its own process when it gets a slot. */
export function slotEnvironment(slot: number, instanceVariable: string): Record<string, string> {
  if (slot === NO_SLOT) return {};
  // Users of PM2 read the second name.
  return { PREFORK_SLOT: String(slot), ...(instanceVariable !== 'none' && { [instanceVariable]: String(slot) }) };
}

/**
 * Takes the briefing out of the environment, so that processes which the application starts do not take themselves for
 * workers.
 *
 * @returns undefined when this process is not a worker of prefork.
 */
export function takeBriefing(): WorkerBriefing | undefined {
  const text = process.env[VARIABLE];
  if (text === undefined) return undefined;
  delete process.env[VARIABLE];
  return JSON.parse(text) as WorkerBriefing;
}
