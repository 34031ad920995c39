/**
 * The table of all events that the primary tells of. Each has a row with its log line, its diagnostics channel, what it
 * counts and what it means. The name of an event is the words of its line. docs/events.md and the channels of
 * docs/metrics.md are written from here.
 */
import { duration } from '../../format/duration.ts';
import type { LifecycleFacts, WorkerEnd } from '../fleet/lifecycle-events.ts';
import type { Worker } from '../fleet/fleet.ts';
import type { EventRow, LogLevel, LogValue } from './event-row.ts';

/** The worker says which addresses it serves, and a line is for people. */
const MOST_ADDRESSES = 8;

/** The events that parts of the primary other than `decide` tell of. */
interface OtherFacts {
  sharing: { readonly mode: string; readonly reason: string };
  balance: { readonly mode: string };
  connections: Readonly<
    Record<'connections' | 'skew' | 'moved', string> & Record<'done' | 'refused' | 'failed', number>
  >;
  listening: { readonly address: string; readonly sharing: string; readonly workers: number };
  'not listening': { readonly address: string; readonly code: string; readonly why: string };
  'port refused': { readonly port: number; readonly message: string };
  'binder gone': { readonly message: string };
  'not ready yet': OfWorker & { readonly why: string };
  'hook failed': { readonly message: string };
  'old primary gone': { readonly message: string };
  'sockets unused': { readonly sockets: string };
  'systemd not told': { readonly message: string };
  admin: { readonly address: string; readonly token: string | undefined };
  'no admin': { readonly message: string };
  'admin token exposed': { readonly message: string };
  'name taken': { readonly name: string; readonly instead: string };
  'no control socket': { readonly message: string };
  'no scoreboard': { readonly message: string };
  'no reports of fatal errors': { readonly message: string };
  'no compile cache': { readonly message: string };
  'max-memory lowered': { readonly why: string };
  watching: { readonly directories: number; readonly files: string | undefined };
  'file changed': { readonly file: string };
  'started by nodemon': { readonly message: string };
  'message unheard': { readonly library: string; readonly message: string };
  'primary half ready': { readonly pid: number | undefined; readonly took: number };
  'primary half failed': Readonly<Record<'pid' | 'code', number | undefined>> &
    Readonly<Record<'signal' | 'why', string | undefined>>;
  'message dropped': { readonly why: string };
  'stop signal unheard': { readonly why: string };
  'proxy header refused': { readonly peer: string; readonly why: string };
  'one client': { readonly peer: string; readonly why: string };
  changed: Readonly<Record<'release' | 'settings' | 'env', string | undefined>>;
  'release gone': { readonly release: string; readonly instead: string };
  'app ended': { readonly name: string; readonly code: number; readonly signal: string | null };
  'apps ready': { readonly apps: number; readonly took: number };
  'apps parent gone': { readonly message: string };
  'fault of prefork': { readonly message: string; readonly stack: string | undefined };
}

export interface EventFacts extends LifecycleFacts, OtherFacts {}

export type EventName = keyof EventFacts;

interface OfWorker {
  readonly worker: Worker;
}

/** The fields of a line, and of a message, that say which worker it is. */
const inLine = {
  slot: ({ worker }: OfWorker) => worker.slot,
  gen: ({ worker }: OfWorker) => worker.generation,
  pid: ({ worker }: OfWorker) => worker.pid,
};
const inMessage = {
  pid: ({ worker }: OfWorker) => worker.pid,
  slot: ({ worker }: OfWorker) => worker.slot,
  generation: ({ worker }: OfWorker) => worker.generation,
};

/** Makes fields of facts that appear in the line as they are. */
function given<Field extends string>(
  ...fields: readonly Field[]
): Record<Field, (facts: { readonly [Name in Field]: LogValue }) => LogValue> {
  const entries = fields.map((field) => [field, (facts: Readonly<Record<Field, LogValue>>) => facts[field]] as const);
  return Object.fromEntries(entries) as Record<Field, (facts: { readonly [Name in Field]: LogValue }) => LogValue>;
}

const isPlanned = ({ reason }: WorkerEnd): boolean => reason === 'asked' || reason === 'recycled';
const exitLevel = (end: WorkerEnd): LogLevel => (isPlanned(end) ? 'info' : 'warn');
const exitCode = ({ exit }: WorkerEnd): LogValue =>
  exit.error === undefined && exit.signal === null ? (exit.code ?? undefined) : undefined;
const exitSignal = ({ exit }: WorkerEnd): LogValue =>
  exit.error === undefined ? (exit.signal ?? undefined) : undefined;

/** The part of a row that every end of a worker has, whether it was asked for or not. */
const exit = {
  channel: {
    name: 'worker:exit',
    message: {
      ...inMessage,
      code: (end: WorkerEnd) => end.exit.code,
      signal: (end: WorkerEnd) => end.exit.signal,
      reason: (end: WorkerEnd) => end.reason,
      text: (end: WorkerEnd) => end.why,
      planned: ({ worker }: WorkerEnd) => worker.asked !== undefined,
      uptime: (end: WorkerEnd) => end.uptime,
    },
  },
  count({ worker: { slot }, reason }, totals) {
    if (slot !== undefined) totals.exited(slot, reason);
  },
} satisfies Partial<EventRow<WorkerEnd>>;

export const eventTable: { readonly [Name in EventName]: EventRow<EventFacts[Name]> } = {
  // These events tell how the server starts.
  sharing: {
    level: 'debug',
    fields: given('mode', 'reason'),
    means: 'The line says how the workers share their addresses (`--sharing`), and why.',
  },
  balance: {
    level: 'debug',
    fields: given('mode'),
    means: 'The line says how connections are balanced (`--balance`).',
  },
  listening: {
    level: 'info',
    fields: given('address', 'sharing', 'workers'),
    means: 'The first worker listens at the address. The line comes once for each address.',
  },
  'not listening': {
    level: 'warn',
    fields: given('address', 'code', 'why'),
    means:
      'A worker could not have the address that it asked for, such as one that another program has, or another worker’s server with `exclusive` or in a thread.',
  },
  'not ready yet': {
    level: 'info',
    fields: { ...inLine, why: ({ why }) => why },
    means: 'A worker has loaded its code and listens nowhere. `why` says what prefork waits for.',
  },
  ready: {
    level: 'info',
    fields: { workers: ({ workers }) => workers, in: ({ took }) => duration(took) },
    channel: { name: 'ready', message: { workers: ({ workers }) => workers, took: ({ took }) => took } },
    means: 'All slots serve for the first time.',
  },

  // These events are about workers.
  'worker forked': {
    level: 'debug',
    fields: inLine,
    channel: { name: 'worker:spawn', message: inMessage },
    means: 'A worker’s process was started. A spare has no slot.',
  },
  'spare ready': {
    level: 'info',
    fields: { ...inLine, in: ({ took }) => duration(took) },
    means: 'A spare has booted, and waits for a slot.',
  },
  'worker ready': {
    level: 'info',
    fields: { ...inLine, in: ({ bootTook }) => duration(bootTook) },
    channel: { name: 'worker:ready', message: { ...inMessage, took: ({ took }) => took } },
    means: 'A worker serves its slot. `in` is the time that it took to boot, without the time to settle.',
  },
  'worker back': {
    level: 'info',
    fields: inLine,
    channel: { name: 'worker:ready', message: { ...inMessage, took: () => 0 } },
    means:
      'A worker that was parked serves its slot again: a reload has failed or was rolled back, or a slot was made again.',
  },
  'worker not ready': {
    level: 'error',
    fields: { ...inLine, after: ({ timeout }) => duration(timeout) },
    means: 'A worker did not boot within `--ready-timeout`, or was parked and does not accept again, and is killed.',
  },
  'address given up': {
    level: 'warn',
    fields: {
      ...inLine,
      address: ({ addresses }) => atMost(MOST_ADDRESSES, addresses),
      after: ({ timeout }) => duration(timeout),
    },
    means: 'New code does not listen where the old code did. No worker is made to wait for the address any more.',
  },
  'worker hung': {
    level: 'warn',
    fields: { ...inLine, silent: ({ silent }) => duration(silent) },
    channel: { name: 'worker:hung', message: { ...inMessage, silent: ({ silent }) => silent } },
    means: 'A worker’s event loop stands still. Other workers accept its connections meanwhile.',
  },
  'worker beats again': {
    level: 'info',
    fields: inLine,
    channel: { name: 'worker:recovered', message: inMessage },
    means: 'The event loop of a worker that hung turns again.',
  },
  'worker given up': {
    level: 'error',
    fields: {
      ...inLine,
      silent: ({ silent }) => duration(silent),
      stack: ({ isLookedInto }) => (isLookedInto ? undefined : 'not taken: --hang-stack is off'),
    },
    means:
      'A worker hung for longer than `--heartbeat-timeout`, or for 5 s after its release was taken back. It is looked into, and killed.',
  },
  'worker stack': {
    level: 'error',
    fields: { ...inLine, stack: ({ stack }) => stack },
    means: 'The stack says where the JavaScript of a worker that was given up stands still.',
  },
  'worker held': {
    level: 'info',
    fields: { ...inLine, for: ({ within }) => duration(within) },
    means: 'A tool looks into the worker (`prefork heap`, `inspect`), which may stand still for that time.',
  },
  'worker released': {
    level: 'info',
    fields: inLine,
    means: 'No tool looks into the worker any more.',
  },
  'bad message': {
    level: 'warn',
    fields: { ...inLine, why: ({ why }) => why, body: ({ body }) => body },
    means:
      'A worker sent the primary a message that no worker should send. The message was dropped. Only the first one of a worker is logged.',
  },
  'worker expelled': {
    level: 'error',
    fields: { ...inLine, why: ({ why }) => why },
    means: 'A worker went on sending messages that no worker should send, and is killed.',
  },
  'worker drains': {
    channel: {
      name: 'worker:drain',
      message: { ...inMessage, reason: ({ worker: { asked = 'asked' } }) => asked },
    },
    means: 'A worker finishes what is in flight, to end then.',
  },
  'worker drained': {
    level: 'debug',
    fields: {
      ...inLine,
      movedOut: ({ moves }) => moves.out,
      movedIn: ({ moves }) => moves.in,
      moveFailed: ({ moves }) => moves.failed,
    },
    means:
      'A worker has finished what was in flight. The counts are of connections that moved between workers, over its life.',
  },
  'worker stopped': {
    ...exit,
    level: exitLevel,
    fields: {
      ...inLine,
      code: exitCode,
      signal: exitSignal,
      for: ({ worker: { asked, recycled } }) => (asked === 'stop' ? undefined : (recycled ?? asked)),
      reason: (end) => (isPlanned(end) ? undefined : end.reason),
      why: (end) => (isPlanned(end) ? undefined : end.why),
    },
    means: 'A worker has ended that was asked to. It is a warning when it had to be killed, or crashed meanwhile.',
  },
  'worker exited': {
    ...exit,
    level: 'warn',
    fields: {
      ...inLine,
      code: exitCode,
      signal: exitSignal,
      after: ({ uptime }) => duration(uptime),
      reason: ({ reason }) => reason,
      why: ({ why }) => why,
    },
    means: 'A worker has ended without being asked to. `why` says what is known about it.',
  },
  'worker respawning': {
    level: 'warn',
    fields: { slot: ({ slot }) => slot, in: ({ wait }) => duration(wait), crashes: ({ crashes }) => crashes },
    means: 'The worker of the slot has crashed `crashes` times in a row, so the next one is started later.',
  },
  'killing workers': {
    level: 'warn',
    fields: given('workers', 'reason'),
    means: 'Workers that still live are killed, and what they had in flight is lost.',
  },

  // These events are about operations.
  'operation waits': {
    level: 'info',
    text: ({ operation }) => `${operation} waits`,
    fields: { for: ({ behind }) => behind },
    means: 'An operation begins when the one before it is over. Operations run one at a time.',
  },
  reloading: {
    level: 'info',
    fields: { gen: ({ generation }) => generation },
    channel: { name: 'reload:start', message: { generation: ({ generation }) => generation } },
    means: 'A reload begins.',
  },
  changed: {
    level: 'info',
    fields: given('release', 'settings', 'env'),
    means:
      'A reload has read what changed: the directory to which the link leads now, options, and the names of variables that are new (`+`), changed (`~`) and gone (`-`). It comes after the line `reloading`, or before it, and goes back if the reload fails.',
  },
  'release gone': {
    level: 'warn',
    fields: given('release', 'instead'),
    means:
      'The directory in which the workers run was removed, and a worker has to be replaced. It starts where the link leads now.',
  },
  'reload done': {
    level: 'info',
    fields: { gen: ({ generation }) => generation, in: ({ took }) => duration(took) },
    channel: {
      name: 'reload:done',
      message: { generation: ({ generation }) => generation, took: ({ took }) => Math.round(took) },
    },
    means: 'The new generation serves.',
  },
  'reload failed': {
    level: 'error',
    fields: { gen: ({ generation }) => generation, slot: ({ slot }) => slot, reason: ({ reason }) => reason },
    channel: {
      name: 'reload:failed',
      message: { generation: ({ generation }) => generation, reason: ({ reason }) => reason },
    },
    means: 'A reload has failed, and the old generation goes on serving.',
  },
  'no canary': {
    level: 'warn',
    fields: given('why'),
    means: '`--canary` asks for a canary and the server cannot have one. The reload goes on without it.',
  },
  'canary watched': {
    level: 'info',
    fields: {
      gen: ({ generation }) => generation,
      workers: ({ workers }) => workers,
      of: ({ of }) => of,
      for: ({ watch }) => duration(watch),
      onDoubt: ({ onDoubt }) => onDoubt,
    },
    channel: {
      name: 'canary:start',
      message: {
        generation: ({ generation }) => generation,
        workers: ({ workers }) => workers,
        watch: ({ watch }) => watch,
      },
    },
    means: 'The first workers of the new generation serve. Both generations are compared for that time.',
  },
  'canary promoted': {
    level: 'info',
    fields: { gen: ({ generation }) => generation, why: ({ why }) => why },
    channel: {
      name: 'canary:promoted',
      message: { generation: ({ generation }) => generation, reason: ({ why }) => why },
    },
    means: 'The watch of a canary is over, and the reload replaces the other workers too.',
  },
  'canary given up': {
    level: 'warn',
    fields: { gen: ({ generation }) => generation, reason: ({ reason }) => reason },
    means: 'The watch of a canary is over, and the parked workers take their slots back. `reload failed` comes next.',
  },
  'generation kept': {
    level: 'info',
    fields: {
      gen: ({ generation }) => generation,
      workers: ({ workers }) => workers,
      for: ({ keep }) => duration(keep),
    },
    means:
      'After a reload the workers of the generation before it are parked (`--keep-previous`). `prefork rollback` returns to them within the time.',
  },
  'generation given up': {
    level: 'info',
    fields: { gen: ({ generation }) => generation, why: ({ why }) => why },
    means: 'There is no way back to the generation any more. Its workers finish and leave.',
  },
  'parked workers given up': {
    level: 'info',
    fields: given('workers', 'why'),
    means: 'Workers that were parked when their slots went finish and leave.',
  },
  'rolling back': {
    level: 'warn',
    fields: { gen: ({ generation }) => generation, from: ({ from }) => from, why: ({ why }) => why },
    means: 'The workers of the generation before take their slots back.',
  },
  'slot not kept': {
    level: 'warn',
    fields: given('slot'),
    means:
      'A rollback, or the end of a canary, finds no parked worker for the slot. Its worker of the newer code leaves, and the next one is started anew.',
  },
  'rolled back': {
    level: 'info',
    fields: { gen: ({ generation }) => generation, in: ({ took }) => duration(took) },
    channel: {
      name: 'rollback',
      message: { generation: ({ generation }) => generation, took: ({ took }) => Math.round(took) },
    },
    means:
      'The generation before serves again. Code that was replaced in its place is still the newer code on the disk: put the old code back, as each worker that is started from now on loads what is there.',
  },
  scaling: {
    level: 'info',
    fields: {
      ...given('from', 'to'),
      reason: ({ reason }) => reason,
      demand: ({ demand }) => demand?.toFixed(2),
    },
    channel: {
      name: 'scale:start',
      message: { from: ({ from }) => from, to: ({ to }) => to, reason: ({ reason }) => reason },
    },
    means:
      'The number of slots is to change. With `reason`, [autoscaling](autoscaling.md) changes it, and `demand` is the load in workers.',
  },
  'autoscaling paused': {
    level: 'info',
    fields: given('by'),
    means: 'A person has scaled, so the number of workers does not change by itself until `prefork scale auto`.',
  },
  'autoscaling resumed': {
    level: 'info',
    fields: given('workers'),
    means: 'The number of workers changes by itself again.',
  },
  resized: {
    channel: { name: 'scale', message: { workers: ({ workers }) => workers, before: ({ before }) => before } },
    means: 'The number of slots has changed. New slots do not serve yet.',
  },
  scaled: {
    level: 'info',
    fields: { workers: ({ workers }) => workers, in: ({ took }) => duration(took) },
    means: 'All slots that are new serve.',
  },
  'scaling failed': {
    level: 'error',
    fields: given('workers', 'slot', 'reason'),
    means:
      'A worker of a new slot has failed, and the new slots are gone again. After a growth by autoscaling those that could be filled stay: `workers`.',
  },
  recycling: {
    level: 'info',
    fields: { ...inLine, reason: ({ reason }) => reason },
    means:
      'A worker has reached the limit that `reason` names, and is replaced. With `failed-reload` it has the code of a reload that failed.',
  },
  'recycling failed': {
    level: 'warn',
    fields: {
      slot: ({ slot }) => slot,
      for: ({ limit }) => limit,
      reason: ({ reason }) => reason,
      next: ({ pause }) => duration(pause),
    },
    means:
      'A worker that is to be recycled could not be replaced, and serves on. `next` is the time until the next attempt.',
  },
  upgrading: {
    level: 'info',
    fields: given('node'),
    means: 'The next primary is started. `node` is the program that runs it, where one was given.',
  },
  upgraded: {
    level: 'info',
    fields: given('pid'),
    means: 'The next primary serves. `pid` is its process, and this primary finishes and leaves.',
  },
  'upgrade failed': {
    level: 'error',
    fields: given('reason'),
    means: 'The next primary did not come to serve, and this one goes on.',
  },

  // These events tell how the server ends.
  stopping: {
    level: 'info',
    fields: {
      signal: ({ signal }) => signal,
      delay: ({ delay }) => (delay === undefined ? undefined : duration(delay)),
    },
    channel: { name: 'stopping', message: { workers: ({ workers }) => workers } },
    means: 'The server was asked to stop. With `delay` (`--drain-delay`) it still accepts connections for that time.',
  },
  ending: {
    channel: { name: 'stopping', message: { workers: ({ workers }) => workers } },
    means: 'The server ends without being asked to: it gave up, or was upgraded.',
  },
  stopped: {
    level: 'info',
    fields: { in: ({ took }) => duration(took) },
    channel: { name: 'stopped', message: { error: () => undefined } },
    means: 'Every worker is gone.',
  },
  ended: {
    channel: { name: 'stopped', message: { error: ({ error }) => error } },
    means: 'Every worker is gone, and the server had given up.',
  },
  error: {
    level: 'error',
    fields: given('message', 'code'),
    means: 'The server gives up. What `code` means is in the [table of exit codes](configuration.md#exit-codes).',
  },

  // These events are about what surrounds the workers.
  connections: {
    level: 'debug',
    fields: given('connections', 'skew', 'done', 'refused', 'failed', 'moved'),
    means:
      'The line tells the open connections of each slot, how uneven they are (1 is even), how the handoffs so far ended, and how many connections have moved for each reason. It comes once a second while this changes.',
  },
  'port refused': {
    level: 'warn',
    fields: given('port', 'message'),
    means: 'A worker asked for a port that `--user` may not bind and that `--bind` does not allow.',
  },
  'binder gone': {
    level: 'error',
    fields: given('message'),
    means: 'The process that binds ports below 1024 for `--user` has ended.',
  },
  'hook failed': {
    level: 'warn',
    fields: given('message'),
    means: 'The hook `onWorkerRecover` threw. The server goes on.',
  },
  'old primary gone': {
    level: 'warn',
    fields: given('message'),
    means: 'The primary before this one ended during an upgrade.',
  },
  'sockets unused': {
    level: 'warn',
    fields: given('sockets'),
    means: 'systemd passed sockets that no worker listens on. They are closed.',
  },
  'systemd not told': {
    level: 'warn',
    fields: given('message'),
    means: 'A notification of the service manager failed.',
  },
  admin: {
    level: 'info',
    fields: given('address', 'token'),
    secrets: ['token'],
    means:
      '`--admin` answers at the address. `token` is there when it was made for this start; `prefork logs` shows that there is one.',
  },
  'no admin': {
    level: 'warn',
    fields: given('message'),
    means: 'After an upgrade `--admin` could not be opened. The server goes on without it.',
  },
  'admin token exposed': {
    level: 'warn',
    fields: given('message'),
    means: 'Workers can read the token of `--admin` in the environment.',
  },
  watching: {
    level: 'info',
    fields: given('directories', 'files'),
    means: 'With `--watch`, a change of a file of code in these directories reloads the server.',
  },
  'file changed': {
    level: 'info',
    fields: given('file'),
    means: 'With `--watch`, a file has changed, and a reload follows.',
  },
  'started by nodemon': {
    level: 'warn',
    fields: given('message'),
    means: 'nodemon started this server. `--watch` does the same, and keeps connections.',
  },
  'app ended': {
    level: ({ code }) => (code === 0 ? 'info' : 'error'),
    fields: {
      name: ({ name }) => name,
      code: ({ code }) => code,
      signal: ({ signal }) => signal ?? undefined,
    },
    means: 'An app of the config file has ended. With another code than 0 the others are stopped, too.',
  },
  'apps ready': {
    level: 'info',
    fields: { apps: ({ apps }) => apps, in: ({ took }) => duration(took) },
    means: 'Each of the `apps` of a config file serves for the first time.',
  },
  'apps parent gone': {
    level: 'error',
    fields: given('message'),
    means: 'The process that runs all `apps` was killed. This server stops, as it would have been told to.',
  },
  'name taken': {
    level: 'info',
    fields: given('name', 'instead'),
    means: 'Another server has the name that this one would have had. The other commands find this one as `instead`.',
  },
  'no control socket': {
    level: 'warn',
    fields: given('message'),
    means: 'The control socket could not be opened. The server runs, and the other commands cannot reach it.',
  },
  'no scoreboard': {
    level: 'warn',
    fields: given('message'),
    means: 'The scoreboard could not be made. The server runs without figures and without finding hangs.',
  },
  'no reports of fatal errors': {
    level: 'warn',
    fields: given('message'),
    means: 'Reports that Node writes of fatal errors have no place, so `why` of such an exit says less.',
  },
  'message unheard': {
    level: 'warn',
    fields: given('library', 'message'),
    means:
      'A worker sends messages that nothing in the primary hears: a library expects its other half there. The line comes once for each library.',
  },
  'primary half ready': {
    level: 'info',
    fields: { ...given('pid'), in: ({ took }) => duration(took) },
    means: 'The file of `--primary` is loaded, in a process of its own, and hears what workers send.',
  },
  'primary half failed': {
    level: 'error',
    fields: given('pid', 'code', 'signal', 'why'),
    means:
      'The process of `--primary` has ended by itself, or was not loaded within `--ready-timeout`. It is started anew, after a wait that grows to 30 s. After a reload the one before goes on.',
  },
  'message dropped': {
    level: 'warn',
    fields: given('why'),
    means:
      'A message between a worker and the process of `--primary` was not passed on, or one that the application sent to its parent is longer than 4 MB, or has too much to be read. The line comes at most once a minute.',
  },
  'stop signal unheard': {
    level: 'warn',
    fields: given('why'),
    means:
      'The application has a handler for SIGINT and none for the signal that ends workers (`--stop-signal`). The line comes once.',
  },
  'proxy header refused': {
    level: 'warn',
    fields: given('peer', 'why'),
    means:
      'A proxy of `--proxy-protocol` sent no PROXY header, or a bad one, and its connection was closed. The line comes once; `prefork_proxy_headers_refused_total` counts.',
  },
  'one client': {
    level: 'warn',
    fields: given('peer', 'why'),
    means:
      'With `--balance sticky-ip` the first connections all came from one address, which is most likely a proxy. The line comes once.',
  },
  'no compile cache': {
    level: 'warn',
    fields: given('message'),
    means: 'This Node has no compile cache for `--compile-cache`, and workers boot without it.',
  },
  'max-memory lowered': {
    level: 'warn',
    fields: given('why'),
    means: '`--max-memory` is more than the machine or its cgroup has for each worker, and was lowered.',
  },
  'fault of prefork': {
    level: 'error',
    fields: given('message', 'stack'),
    means: 'prefork itself has a bug, and the server goes on. Please report the line.',
  },
};

function atMost(most: number, words: readonly string[]): string {
  const more = words.length - most;
  return `${words.slice(0, most).join(',')}${more > 0 ? ` and ${more} more` : ''}`;
}
