/** What is measured by size: along which axis, and which figures. */

export interface Figure {
  readonly key: string;
  readonly title: string;
  readonly digits: number;
  /** The smallest size that it is told of: the kernel counts CPU time in ticks of 10 ms. */
  readonly least?: number;
}

export interface Axis {
  readonly name: string;
  readonly title: string;
  readonly sizes: readonly number[];
  /** Beyond so many a core the machine is not asked: its memory, and the time of a round. */
  readonly mostPerCore: number;
  readonly quickSizes: readonly number[];
  readonly figures: readonly Figure[];
}

const request: Figure = { key: 'request', title: 'CPU µs/request', digits: 1 };
const idle: Figure = { key: 'idle', title: 'primary, idle ms/s', digits: 2 };
const memory: Figure = { key: 'memory', title: 'PSS MB', digits: 0 };
const ready: Figure = { key: 'ready', title: 'ready ms', digits: 0 };
const reload: Figure = { key: 'reload', title: 'reload ms', digits: 0 };

export const axes: readonly Axis[] = [
  {
    name: 'workers',
    title: 'workers',
    sizes: [1, 2, 4, 8, 16, 32, 64, 128],
    mostPerCore: 64,
    quickSizes: [1, 2, 4],
    figures: [
      ready,
      reload,
      memory,
      { ...idle, key: 'primary', title: 'primary MB', digits: 1 },
      idle,
      request,
      { key: 'connection', title: 'CPU µs/new connection', digits: 1 },
    ],
  },
  {
    name: 'connections',
    title: 'open connections',
    sizes: [1, 1000, 8000, 30_000, 50_000],
    mostPerCore: 25_000,
    quickSizes: [1, 100, 1000],
    figures: [
      { key: 'opening', title: 'CPU µs to open one', digits: 0, least: 1000 },
      memory,
      { key: 'tree', title: 'all, idle ms/s', digits: 2 },
      request,
    ],
  },
  {
    name: 'listeners',
    title: 'listeners',
    sizes: [1, 8, 32],
    mostPerCore: 16,
    quickSizes: [1, 2, 4],
    figures: [ready, reload, memory, idle, request],
  },
];

/** The name of a figure of one size among those of a sample. */
export const keyOf = (axis: string, size: number, figure: string): string => `${axis}${size}:${figure}`;
