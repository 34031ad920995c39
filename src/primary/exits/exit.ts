import type { FatalReport } from './fatal-report.ts';
import type { OomKills } from './oom-kills.ts';

/** The reason for which a worker was asked to end. */
export type Asked = 'stop' | 'reload' | 'recycle' | 'scale' | 'upgrade' | 'rollback' | 'abort';

/** The limit for which a worker is replaced although it serves well; or the failed reload whose code it has. */
export type RecycleReason = 'max-requests' | 'max-memory' | 'max-lifetime' | 'failed-reload';

/** The end of a process. `error` means that it could not be started at all. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

/** Further facts about the end. */
export interface ExitFacts extends Exit {
  /** The worker's message of that name. */
  readonly lastWords?: { readonly error: string; readonly stderr: string } | undefined;
  /** The report that node wrote about its own end. */
  readonly report?: FatalReport | undefined;
  /** The heap in bytes: used at the last beat, and allowed by V8. */
  readonly heap?: { readonly used: number; readonly limit: number } | undefined;
  /** Undefined where there is no cgroup that counts them. */
  readonly oomKills?: OomKills | undefined;
  /**
   * How long before its end the worker had closed its channel, in ms. At a crash the kernel closes the channel with the
   * process.
   */
  readonly disconnectedFor?: number | undefined;
  /** Whether it drained at its end, by its own word; undefined without a board. */
  readonly drained?: boolean | undefined;
}
