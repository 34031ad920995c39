/** The load that the simulation of autoscaling is given. */

/** A load over time. */
export interface Trace {
  readonly about: string;
  readonly seconds: number;
  /** The load at a time in seconds: event loops' worth of work, as a share of the cores. */
  readonly load: (second: number) => number;
  /** The time that a request keeps the event loop, ms. @default 5 */
  readonly requestMs?: number;
  /** The share of that time in which the event loop needs a core, and does not wait by a blocking call. @default 1 */
  readonly cpuShare?: number;
  /** The most workers that are asked for, as a multiple of the cores. @default 1 */
  readonly most?: number;
  /** A reload begins this often, in seconds. */
  readonly reloadEvery?: number;
}

const HOUR = 3600;

export const traces: Readonly<Record<string, Trace>> = {
  steady: { about: 'a third of the cores, always', seconds: HOUR, load: () => 0.33 },
  steps: {
    about: 'from 8 % of the cores to 60 %, and back after 20 minutes',
    seconds: HOUR,
    load: (second) => (second % 2400 < 600 || second % 2400 > 1800 ? 0.08 : 0.6),
  },
  bursts: {
    about: '10 %, and 60 % for 12 seconds of every two minutes; 35 % for a minute of every twelve',
    seconds: HOUR,
    load: (second) => 0.1 + (second % 120 < 12 ? 0.5 : 0) + (second % 700 > 640 ? 0.25 : 0),
  },
  day: {
    about: 'a day: 5 % at night, 70 % at its peak, with noise of minutes',
    seconds: 24 * HOUR,
    load: (second) =>
      0.375 - 0.325 * Math.cos((2 * Math.PI * second) / (24 * HOUR)) + 0.04 * Math.sin((2 * Math.PI * second) / 170),
  },
  'rare spikes': {
    about: '12 %, and 70 % for 40 seconds of every ten minutes',
    seconds: HOUR,
    load: (second) => (second % 600 < 40 ? 0.7 : 0.12),
  },
  coarse: {
    about: 'a day of four hours by requests that compute for 80 ms',
    seconds: 4 * HOUR,
    load: (second) => 0.3 - 0.25 * Math.cos((2 * Math.PI * second) / (4 * HOUR)),
    requestMs: 80,
  },
  blocking: {
    about: 'requests that block the event loop and compute little; 1.6 times as many loops as cores, and back',
    seconds: HOUR,
    load: (second) => (second % 2400 < 600 || second % 2400 > 1800 ? 0.2 : 1.6),
    cpuShare: 0.1,
    most: 4,
  },
  overload: {
    about: 'a quarter of the cores, and 1.3 times as much as there is for ten minutes; twice the cores are allowed',
    seconds: HOUR / 2,
    load: (second) => (second % 1800 > 600 && second % 1800 < 1200 ? 1.3 : 0.25),
    most: 2,
  },
  deploys: {
    about: 'a third of the cores, and a reload every ten minutes',
    seconds: HOUR,
    load: () => 0.33,
    reloadEvery: 600,
  },
};
