/**
 * What `GET /status` answers, as a JSON Schema: published as `prefork/status.schema.json`, and where the tables of
 * docs/control.md come from. What a field is called and can be is said in controls.ts, and the compiler compares the two.
 *
 * It is open: a server that is newer may say more. Tests close it, so that nothing is said that is not in here.
 */
import type { ComparisonRow } from '../../contract/canary.ts';
import type { Figure } from '../../contract/figures.ts';
import type { MoveReason, MovesByReason } from '../../contract/moves.ts';
import { operationKinds } from '../../contract/operations.ts';
import { VITALS, type Vitals } from '../../contract/vitals.ts';
import { scaleHolds, scaleReasons, type AutoscaleStatus } from '../../contract/autoscaling.ts';
import type {
  BalanceStatus,
  CanaryStatus,
  ExitStatus,
  KeptStatus,
  ReloadStatus,
  SlotStatus,
  Status,
  WorkerStatus,
} from '../controls.ts';
import {
  amount,
  count,
  signed,
  list,
  nullable,
  object,
  only,
  optional,
  reference,
  share,
  text,
  time,
  words,
  type FieldsOf,
  type JsonSchema,
  type Schema,
} from './schema.ts';
import { tableOf } from '../../contract/tables.ts';

const operationWords = tableOf(operationKinds, () => '');

const vitals: Schema<Vitals> = object<Vitals>(
  'What a worker last wrote to the scoreboard.',
  Object.fromEntries(VITALS.map(({ name, figure }) => [name, vital(figure)])) as unknown as FieldsOf<Vitals>,
);

function vital({ about, range, count: length }: Figure): Schema<number> | Schema<readonly number[]> {
  if (length !== undefined) return list(about, count(''));
  if (range === 'share') return share(about);
  return range === 'amount' ? amount(about) : count(about);
}

const worker: Schema<WorkerStatus> = object<WorkerStatus>('A worker.', {
  pid: nullable(count('its pid; null before its process has one')),
  slot: nullable(count('its slot; null for a spare')),
  generation: count('the generation that it was started for'),
  state: words('what it does', {
    booting: '',
    standby: 'a spare that has booted',
    taking: 'it has its sockets, and is not ready yet',
    serving: '',
    hung: 'it serves, and its event loop stands still',
    parked: 'its slot is another’s, and it may get it back',
    draining: 'it finishes what is in flight',
    ending: 'it was told to end',
  }),
  uptime: count('ms since its process was started'),
  vitals: nullable(
    reference('its figures; null before the first beat, and where there is no scoreboard', 'vitals', vitals),
  ),
});

const exit: Schema<ExitStatus> = object<ExitStatus>('How a worker ended.', {
  pid: nullable(count('its pid; null when it never had a process')),
  generation: count('the generation of the worker'),
  reason: text('why it ended, in one word: see lifecycle.md'),
  text: text('why it ended, in one line for people'),
  at: time('when it ended'),
});

const slot: Schema<SlotStatus> = object<SlotStatus>('A slot.', {
  slot: count('its number, 0 to workers - 1'),
  state: words('what is in it', {
    empty: '',
    booting: '',
    serving: '',
    waiting: 'it waits for the backoff of a worker that crashes',
    stopped: '',
  }),
  worker: nullable(reference('the one whose slot it is', 'worker', worker)),
  successor: nullable(reference('the one that boots to take it over', 'worker', worker)),
  crashes: count('how many workers of this slot ended unasked'),
  lastExit: nullable(reference('how its last worker ended; null before the first', 'exit', exit)),
});

const reload: Schema<ReloadStatus> = object<ReloadStatus>('A reload that has ended.', {
  generation: count('the generation that it was to bring'),
  outcome: words('how it ended', { done: '', failed: 'the old workers serve on' }),
  reason: optional(text('why it failed; missing when it did not')),
  at: time('when it ended'),
});

const kept: Schema<KeptStatus> = object<KeptStatus>('the generation that a rollback returns to', {
  generation: count('its number'),
  workers: count('how many of its workers are parked'),
  rss: amount('their resident memory, bytes'),
  until: time('when it is given up'),
});

const comparison: Schema<ComparisonRow> = object<ComparisonRow>('A figure of both generations.', {
  figure: text('what it is, such as p99'),
  unit: words('its unit; empty for a number', {
    ms: '',
    bytes: '',
    'bytes/s': '',
    ratio: '',
    requests: '',
    connections: '',
    '': '',
  }),
  baseline: nullable(signed('of the old generation; null where there is too little to tell')),
  canary: nullable(signed('of the new one')),
  limit: nullable(signed('the most that the canary may have; null where nothing is limited')),
  verdict: words('what comes of it', { ok: '', worse: '', 'too little': '', 'not judged': '' }),
});

const canary: Schema<CanaryStatus> = object<CanaryStatus>(
  'Workers of a new generation that serve beside those of the one before.',
  {
    baseline: count('the generation of the other workers'),
    canary: count('its own generation'),
    slots: list('the slots that its workers have', count('')),
    elapsed: count('since the last of its workers began to serve'),
    total: count('how long it is watched'),
    onDoubt: words('what becomes of it when there is too little traffic to tell', { rollback: '', continue: '' }),
    verdict: words('how it compares so far', { undecided: '', worse: '', 'better-or-equal': '', doubt: '' }),
    reasons: list('lines that say what is worse, or what there is too little of', text('')),
    table: list('the figures that are compared', reference('', 'comparison', comparison)),
  },
);

function moves(description: string): Schema<MovesByReason[MoveReason]> {
  return object<MovesByReason[MoveReason]>(description, {
    taken: count('moved'),
    refused: count('would not be had there'),
    failed: count('were on their way to a worker that ended'),
  });
}

const balance: Schema<BalanceStatus> = object<BalanceStatus>('how even the connections are', {
  mode: words('who chooses the worker of a connection', {
    auto: '',
    kernel: '',
    'least-connections': '',
    'sticky-ip': '',
  }),
  skew: amount('the most connections of a slot over the mean of all; 1 is even'),
  handoffs: object<BalanceStatus['handoffs']>('connections that were to move to another worker, by outcome', {
    done: count('those that moved'),
    refused: count('those that the other worker refused'),
    failed: count('those on their way to a worker that ended'),
  }),
  moves: object<BalanceStatus['moves']>('connections that were to move between two requests, by reason and outcome', {
    drain: moves('their worker left'),
    level: moves('their worker had more than its share'),
    heat: moves('their worker was busier than the others'),
    upgrade: moves('their primary left'),
  }),
});

const autoscale: Schema<AutoscaleStatus> = object<AutoscaleStatus>('How the number of workers is chosen.', {
  least: count('the smallest number'),
  most: count('the largest number'),
  utilization: nullable(share('how busy the event loops were over the last seconds; null while that is unknown')),
  demand: nullable(amount('that, times the workers')),
  fitting: nullable(count('how many workers fit into the memory of the cgroup; null without a limit')),
  hold: nullable(words('why the number stays, though it would change otherwise', scaleHolds)),
  paused: nullable(
    object<NonNullable<AutoscaleStatus['paused']>>('that a person has scaled; null when nobody has', {
      by: text('by what: `prefork scale`, SIGTTIN or SIGTTOU'),
      at: time('when'),
    }),
  ),
  last: nullable(
    object<NonNullable<AutoscaleStatus['last']>>('the last change; null before the first', {
      from: count('workers before it'),
      to: count('workers after it'),
      reason: words('why', scaleReasons),
      at: time('when'),
    }),
  ),
});

const status: Schema<Status> = object<Status>('What runs.', {
  version: only(1, 'the version of this format'),
  name: text('the name of the server'),
  pid: count('the pid of the primary'),
  prefork: text('the version of prefork'),
  node: text('the version of node'),
  directory: text('the directory in which it was started; empty without the token, over `--admin`'),
  entry: text('the path of the program that it runs; empty without the token, over `--admin`'),
  phase: words('how far its life is', { starting: '', serving: '', stopping: '' }),
  generation: count('counts reloads, from 1'),
  sharing: words('how workers share an address', { reuseport: '', shared: '', 'round-robin': '' }),
  balance,
  addresses: list('the addresses that are served', text('')),
  startedAt: time('when the primary started'),
  uptime: count('how long the primary has run, ms'),
  workers: object<Status['workers']>('how many workers', {
    wanted: count('how many there should be'),
    serving: count('how many serve'),
  }),
  slots: list('the slots, in the order of their numbers', reference('', 'slot', slot)),
  spares: list('booted or booting workers without a slot', reference('', 'worker', worker)),
  leaving: list('workers that finish what is in flight, and whose slot is another’s', reference('', 'worker', worker)),
  parked: list('workers that accept nothing, and may get their slot back', reference('', 'worker', worker)),
  kept: nullable(kept),
  canary: nullable(reference('the canary that is watched', 'canary', canary)),
  autoscale: nullable(
    reference('how `--workers <min>..<max>` chooses the number; null when it is fixed', 'autoscale', autoscale),
  ),
  operation: nullable(words('the operation that goes on', operationWords)),
  reloads: object<Status['reloads']>('the reloads since the primary started', {
    done: count('how many brought a new generation'),
    failed: count('how many were given up'),
    rolledBack: count('how many of those that were done have been rolled back'),
    last: optional(reference('the last one; missing before the first', 'reload', reload)),
  }),
  durationBounds: list('the upper bounds of the buckets of `durations`, ms', amount('')),
});

export const statusSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:prefork:status:1',
  title: 'Status of a server that prefork runs, as GET /status answers it. Times are ISO 8601, durations milliseconds.',
  ...status.json,
  $defs: {
    slot: slot.json,
    worker: worker.json,
    vitals: vitals.json,
    exit: exit.json,
    reload: reload.json,
    canary: canary.json,
    comparison: comparison.json,
    autoscale: autoscale.json,
  },
};
