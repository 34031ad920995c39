import type { ExitReason } from '../exits/exit-reason.ts';

/** Which worker it is. */
export interface WorkerNames {
  readonly pid: number | undefined;
  /** Undefined for a spare. */
  readonly slot: number | undefined;
  /** The generation of the code that it runs: counts reloads, from 1. */
  readonly generation: number;
}

/** The messages of the channels, by the channel's name without `prefork:`. Durations are ms. */
export interface ChannelMessages {
  'worker:spawn': WorkerNames;
  /** `took`: since its slot needed it. */
  'worker:ready': WorkerNames & { readonly took: number };
  /** `silent`: since its last heartbeat. */
  'worker:hung': WorkerNames & { readonly silent: number };
  'worker:recovered': WorkerNames;
  /** `reason`: what it is to end for, such as `reload`. */
  'worker:drain': WorkerNames & { readonly reason: string };
  /** `text`: one line for people. `planned`: it was asked to end. `uptime`: since its process was started. */
  'worker:exit': WorkerNames & {
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly reason: ExitReason;
    readonly text: string;
    readonly planned: boolean;
    readonly uptime: number;
  };
  ready: { readonly workers: number; readonly took: number };
  'reload:start': { readonly generation: number };
  'reload:done': { readonly generation: number; readonly took: number };
  'reload:failed': { readonly generation: number; readonly reason: string };
  scale: { readonly workers: number; readonly before: number };
  stopping: { readonly workers: number };
  /** `error`: why it gave up; undefined when it stopped as asked. */
  stopped: { readonly error: Error | undefined };
}

/**
 * What the primary publishes on node:diagnostics_channel: the type of the message, by the name of its channel.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel';
 * import type { DiagnosticsChannels } from 'prefork';
 *
 * subscribe('prefork:worker:exit', (message) => {
 *   const { slot, reason, planned } = message as DiagnosticsChannels['prefork:worker:exit'];
 *   if (!planned) console.error(`the worker of slot ${slot} ended: ${reason}`);
 * });
 * ```
 */
export type DiagnosticsChannels = {
  readonly [Name in keyof ChannelMessages as `prefork:${Name}`]: ChannelMessages[Name];
};
