import type { FatalReport } from './fatal-report.ts';
import type { OomKills } from './oom-kills.ts';

/** Why a worker was asked to end. */
export type Asked = 'stop' | 'reload' | 'recycle' | 'scale' | 'upgrade' | 'abort';

/** Why a worker is replaced though it serves well. */
export type RecycleReason = 'max-requests' | 'max-memory' | 'max-lifetime';

/** How a process ended. `error`: it could not be started at all. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

/** What is known of it beside. */
export interface ExitFacts extends Exit {
  /** Its message of that name. */
  readonly lastWords?: { readonly error: string; readonly stderr: string } | undefined;
  /** What node wrote of its own end. */
  readonly report?: FatalReport | undefined;
  /** Bytes: used at the last beat, and what V8 allows. */
  readonly heap?: { readonly used: number; readonly limit: number } | undefined;
  /** Undefined where there is no cgroup that counts them. */
  readonly oomKills?: OomKills | undefined;
  /** How long before its end it had closed its channel, ms: at a crash the kernel closes that with the process. */
  readonly disconnectedFor?: number | undefined;
}
