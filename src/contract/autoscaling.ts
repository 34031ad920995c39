/** The words of autoscaling (`--workers <min>..<max>`), with a sentence for people. */

/** Why the number of workers changes. */
export const scaleReasons = {
  busy: 'the workers were busy',
  saturated: 'the workers were busy all the time',
  idle: 'fewer workers are enough',
  memory: 'the memory of the cgroup is not enough for more',
  'below the least': 'the range of --workers begins higher',
  'above the most': 'the range of --workers ends lower',
} as const;

export type ScaleReason = keyof typeof scaleReasons;

/** What changes the load of workers for a while, so that their utilization says nothing about the demand. */
export const disturbances = {
  boot: 'a worker boots, or has just booted',
  reload: 'a reload goes on, or has just ended',
  scale: 'a person has just scaled',
  recycle: 'a worker is replaced, or has just been',
  upgrade: 'an upgrade goes on, or has just ended',
  'drain delay': 'the server is about to stop',
  hang: 'a worker hangs, or has just hung',
} as const;

export type Disturbance = keyof typeof disturbances;

/** Why the number stays, beside disturbances: though it would change otherwise, or nothing is known of the demand. */
const otherHolds = {
  'young workers': 'no worker has served for 10 s',
  'short history': 'the load is not known for long enough to do with fewer',
  pace: 'there were more or fewer workers a moment ago',
  throttling: 'the kernel throttles the cgroup, so more workers would share the same quota',
  most: 'the range of --workers ends here',
  memory: 'more workers may not fit into the memory of the cgroup',
  cores: 'the cores are in use, so more workers would not help',
  failure: 'the last new worker failed to boot',
} as const;

export type ScaleHold = Disturbance | keyof typeof otherHolds;

export const scaleHolds: Readonly<Record<ScaleHold, string>> = { ...disturbances, ...otherHolds };

/** What autoscaling sees, what it did last, and what holds it back. */
export interface AutoscaleStatus {
  /** The range. */
  readonly least: number;
  readonly most: number;
  /** The mean utilization of the event loops over the last seconds, and that times the workers; null while it is unknown. */
  readonly utilization: number | null;
  readonly demand: number | null;
  /** The number of workers that fits into the memory of the cgroup; null without a limit. */
  readonly fitting: number | null;
  /** Why the number stays, though it would change otherwise; null when nothing holds it. */
  readonly hold: ScaleHold | null;
  /** What a person has paused it by, and when; null when it is not paused. */
  readonly paused: { readonly by: string; readonly at: string } | null;
  /** The last change that it has asked for; null before the first. */
  readonly last: {
    readonly from: number;
    readonly to: number;
    readonly reason: ScaleReason;
    readonly at: string;
  } | null;
}
