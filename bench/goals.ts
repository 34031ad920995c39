/** What prefork is held to, and by which figure. */

import type { Spread } from './statistics.ts';
import type { Summary } from './summary.ts';
import { OURS } from './systems/index.ts';

interface Goal {
  readonly what: string;
  readonly scenario: string;
  /** @default prefork with its defaults */
  readonly system?: string;
  readonly figure: string;
  /** A ratio to this system; absent: the figure itself. */
  readonly to?: string;
  readonly limit: number;
  readonly is: 'at least' | 'at most';
  /** Not the median: all rounds have to hold it. */
  readonly always?: true;
}

/** The original's scenario can give no more: its connections, each answered after its timer. */
const ORIGINAL_CEILING = 512 / 0.1;

export const goals: readonly Goal[] = [
  {
    what: 'New connection per request: requests/s × node:cluster',
    scenario: 'new-connections',
    figure: 'perSecond',
    to: 'cluster',
    is: 'at least',
    limit: 2,
  },
  {
    what: 'New connection per request: CPU per request × node:cluster',
    scenario: 'new-connections',
    figure: 'cpu',
    to: 'cluster',
    is: 'at most',
    limit: 0.4,
  },
  {
    what: 'Keep-alive: requests/s × node:cluster',
    scenario: 'keep-alive',
    figure: 'perSecond',
    to: 'cluster',
    is: 'at least',
    limit: 0.97,
  },
  {
    what: '1 ms of computing: requests/s × one process, 2 workers',
    scenario: 'compute',
    figure: 'perSecond',
    to: 'plain',
    is: 'at least',
    limit: 1.85,
  },
  {
    what: "The original's command: requests/s",
    scenario: 'original',
    figure: 'perSecond',
    is: 'at least',
    limit: 0.97 * ORIGINAL_CEILING,
  },
  {
    what: "The original's command: p99 × one process",
    scenario: 'original',
    figure: 'p99',
    to: 'plain',
    is: 'at most',
    limit: 1,
  },
  {
    what: 'Time to the first answer × node:cluster',
    scenario: 'ready',
    figure: 'ready',
    to: 'cluster',
    is: 'at most',
    limit: 1.3,
  },
  {
    what: 'Resident memory of the primary × an idle node with node:cluster',
    scenario: 'memory',
    figure: 'supervisor',
    is: 'at most',
    limit: 1.1,
  },
  {
    what: 'Memory of the tree, idle × Watt',
    scenario: 'memory',
    figure: 'idle',
    to: 'watt',
    is: 'at most',
    limit: 0.4,
  },
  {
    what: 'Requests lost by reloads, in any round',
    scenario: 'reload',
    figure: 'lost',
    is: 'at most',
    limit: 0,
    always: true,
  },
  {
    what: 'prefork/http, keep-alive: CPU per request × fasthttp with prefork',
    scenario: 'keep-alive',
    system: 'prefork-http',
    figure: 'cpu',
    to: 'fasthttp-prefork',
    is: 'at most',
    limit: 1.1,
  },
  {
    what: 'prefork/http, keep-alive: CPU per request × node:http',
    scenario: 'keep-alive',
    system: 'prefork-http',
    figure: 'cpu',
    to: OURS,
    is: 'at most',
    limit: 0.6,
  },
  {
    what: 'least-connections, new connections: requests/s × left to the kernel',
    scenario: 'new-connections',
    system: 'prefork-least-connections',
    figure: 'perSecond',
    to: OURS,
    is: 'at least',
    limit: 0.95,
  },
  {
    what: '--admin, scraped each second, keep-alive: requests/s × without it',
    scenario: 'keep-alive',
    system: 'prefork-admin',
    figure: 'perSecond',
    to: OURS,
    is: 'at least',
    limit: 0.97,
  },
];

export interface Reached extends Goal {
  readonly spread: Spread | undefined;
  /** `yes` and `no` by the median, unless only the spread reaches the limit. */
  readonly reached: 'yes' | 'no' | 'within the spread' | 'not measured';
}

export function reachedGoals(summary: Summary): Reached[] {
  return goals.map((goal) => {
    const held = summary.scenarios[goal.scenario]?.[goal.system ?? OURS];
    const spread = goal.to === undefined ? held?.figures[goal.figure] : held?.ratios[goal.to]?.[goal.figure];
    return { ...goal, spread, reached: reached(goal, spread) };
  });
}

function reached({ is, limit, always }: Goal, spread: Spread | undefined): Reached['reached'] {
  if (spread === undefined) return 'not measured';
  const holds = (value: number): boolean => (is === 'at least' ? value >= limit : value <= limit);
  if (always) return holds(spread.min) && holds(spread.max) ? 'yes' : 'no';
  if (holds(spread.median)) return 'yes';
  return holds(is === 'at least' ? spread.max : spread.min) ? 'within the spread' : 'no';
}
