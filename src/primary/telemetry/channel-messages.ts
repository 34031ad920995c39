import type { ScaleReason } from '../../contract/autoscaling.ts';
import type { ExitReason } from '../exits/exit-reason.ts';

/** The worker of a message. */
export interface WorkerNames {
  readonly pid: number | undefined;
  /** The slot; undefined for a spare. */
  readonly slot: number | undefined;
  /** The generation of the code that it runs, which counts reloads from 1. */
  readonly generation: number;
}

/** The messages of the channels, by the channel's name without `prefork:`. Durations are ms. */
export interface ChannelMessages {
  'worker:spawn': WorkerNames;
  /** `took` is the time since its slot needed it, and 0 for one that was parked: it has booted. */
  'worker:ready': WorkerNames & { readonly took: number };
  /** `silent` is the time since its last heartbeat. */
  'worker:hung': WorkerNames & { readonly silent: number };
  'worker:recovered': WorkerNames;
  /** `reason` is the reason for which it is to end, such as `reload`. */
  'worker:drain': WorkerNames & { readonly reason: string };
  /**
   * `text` is one line for people. `planned` is true when it was asked to end. `uptime` is the time since its process
   * was started.
   */
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
  /** `watch` is how long both generations are compared, ms. */
  'canary:start': { readonly generation: number; readonly workers: number; readonly watch: number };
  'canary:promoted': { readonly generation: number; readonly reason: string };
  /** `generation` is the one that serves again. */
  rollback: { readonly generation: number; readonly took: number };
  /** `reason` is the reason of autoscaling; undefined when a person has asked. */
  'scale:start': { readonly from: number; readonly to: number; readonly reason: ScaleReason | undefined };
  scale: { readonly workers: number; readonly before: number };
  stopping: { readonly workers: number };
  /** `error` is the reason why the server gave up; undefined when it stopped as asked. */
  stopped: { readonly error: Error | undefined };
}

/**
 * The messages that the primary publishes on node:diagnostics_channel: the type of the message, by the name of its
 * channel.
 */
export type DiagnosticsChannels = {
  readonly [Name in keyof ChannelMessages as `prefork:${Name}`]: ChannelMessages[Name];
};
