/**
 * Explains why a worker ended, from everything that is known: the first rule of a table that fits decides. This module
 * is pure and reads nothing.
 */
import type { Asked, Exit, ExitFacts, RecycleReason } from './exit.ts';
import { normalizeExit, signalMeaning, type PlainExit } from './signal-meaning.ts';
import { firstLine, lastLine, whereThrown } from './last-words.ts';

/** A worker that ends by itself mostly seems to close its channel within this time of its exit. On a busy machine it takes longer. */
const DISCONNECTED_MS = 50;

/** Stable words for programs and metrics. */
export type ExitReason =
  /** The worker was told to end, and did. */
  | 'asked'
  /** The worker reached a limit and was replaced as planned. */
  | 'recycled'
  /** The worker could not be started at all. */
  | 'unstarted'
  /** The worker's event loop stood still, and prefork killed it. */
  | 'hung'
  /** The worker sent what no worker should send, and prefork killed it. */
  | 'protocol'
  /** The worker was not ready or had not finished in time, and prefork killed it. */
  | 'overdue'
  /** An error was not caught. */
  | 'uncaught'
  /** V8's heap was full. */
  | 'heap'
  /** The kernel killed the worker because its cgroup was at its memory limit. */
  | 'memory'
  /** The application called `process.disconnect()`. A worker that prefork cannot talk to finishes and ends. */
  | 'disconnected'
  /** Another signal ended the worker. */
  | 'signal'
  /** The worker exited by itself. */
  | 'code';

export interface ExitEvidence extends Omit<ExitFacts, keyof Exit> {
  readonly exit: Exit;
  /** The reason for which it was told to end; undefined when it was not. */
  readonly asked?: Asked | undefined;
  /** The limit that it had reached. */
  readonly recycled?: RecycleReason | undefined;
  /** True when its heartbeat was overdue as it was killed. */
  readonly isGivenUp: boolean;
  /** The message for which it was killed. */
  readonly expelledFor?: string | undefined;
  /** True when the start of another worker has failed, so that this one is of no use. It had not come to serve. */
  readonly isDiscarded?: boolean;
  /** True when prefork sent SIGKILL. */
  readonly isKilled: boolean;
}

export interface ExplainedExit {
  readonly reason: ExitReason;
  /** A line for people, without a capital and a full stop, as in log lines. */
  readonly text: string;
}

/** The facts that the rules see. The exit of a shell between us and the worker is converted into the worker's own. */
interface Facts extends Omit<ExitEvidence, 'exit'> {
  readonly exit: PlainExit;
}

interface Rule {
  readonly reason: ExitReason;
  readonly fits: (facts: Facts) => boolean;
  readonly text: (facts: Facts) => string;
}

/**
 * The rules, from certain to likely. "asked" comes after the signs of a crash, because a worker that crashes while it
 * drains loses requests all the same.
 */
const rules: readonly Rule[] = [
  {
    reason: 'unstarted',
    fits: ({ exit }) => exit.error !== undefined,
    text: ({ exit }) => `could not be started: ${firstLine(exit.error!.message)}`,
  },
  {
    reason: 'asked',
    fits: ({ isDiscarded }) => isDiscarded === true,
    text: () => 'ended as asked: the start had failed',
  },
  {
    reason: 'hung',
    fits: ({ isGivenUp, isKilled }) => isGivenUp && isKilled,
    text: ({ asked }) =>
      `its event loop stood still ${asked === 'abort' || asked === 'rollback' ? 'when its release was taken back' : 'for longer than --heartbeat-timeout'}, and it was killed`,
  },
  {
    reason: 'protocol',
    fits: ({ expelledFor, isKilled }) => expelledFor !== undefined && isKilled,
    text: ({ expelledFor }) => `its channel to prefork was misused (${expelledFor}), and it was killed`,
  },
  {
    reason: 'overdue',
    // A worker that ended otherwise was faster than the SIGKILL.
    fits: ({ isKilled, exit }) => isKilled && exit.signal === 'SIGKILL',
    text: ({ asked }) =>
      asked === undefined ? 'was not ready in time, and was killed' : `had not finished (${asked}), and was killed`,
  },
  {
    reason: 'uncaught',
    fits: ({ lastWords }) => Boolean(lastWords?.error.trim()),
    text: ({ lastWords }) => `uncaught ${firstLine(lastWords!.error)}${whereThrown(lastWords!.error)}`,
  },
  {
    reason: 'heap',
    fits: (facts) => endedAsAborted(facts) && heapWasFull(facts),
    text: heapText,
  },
  {
    reason: 'memory',
    fits: ({ exit, oomKills }) =>
      exit.signal === 'SIGKILL' && oomKills !== undefined && oomKills.after > oomKills.before,
    text: () =>
      'killed by the kernel: the cgroup was at its memory limit (raise it, run fewer workers, or set --max-memory)',
  },
  {
    reason: 'recycled',
    fits: ({ asked, exit }) => asked === 'recycle' && endedQuietly(exit),
    text: ({ recycled, exit }) => `replaced as planned${whyRecycled(recycled)}${withCode(exit)}`,
  },
  {
    reason: 'asked',
    fits: ({ asked, exit }) => asked !== undefined && endedQuietly(exit),
    text: ({ asked, exit }) => `ended as asked (${asked})${withCode(exit)}`,
  },
  {
    reason: 'disconnected',
    // A worker that finds its channel closed drains, a moment later. One that was at work to its end has closed nothing, or left at once.
    fits: ({ disconnectedFor = 0, drained = true, exit }) =>
      disconnectedFor >= DISCONNECTED_MS && drained && endedQuietly(exit),
    text: () => 'the application closed its channel to prefork (process.disconnect), so it finished and was replaced',
  },
  {
    reason: 'signal',
    fits: ({ exit }) => exit.signal !== null,
    text: signalText,
  },
  { reason: 'code', fits: () => true, text: codeText },
];

export function explainExit(evidence: ExitEvidence): ExplainedExit {
  const facts = { ...evidence, exit: normalizeExit(evidence.exit) };
  const rule = rules.find(({ fits }) => fits(facts))!;
  return { reason: rule.reason, text: rule.text(facts) };
}

/**
 * V8 ends a full heap with abort(3). Its own failed checks, and other builds of it, end with a trap or an illegal
 * instruction.
 */
function endedAsAborted({ exit: { signal } }: Facts): boolean {
  return signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGILL';
}

/**
 * Tells whether the heap was full. Node's report is certain. Without a report there is the last beat, from before a
 * single long task. The threshold is below 1 because the heap limit includes V8's nursery, so that old objects alone
 * fill the heap earlier.
 */
function heapWasFull({ report, lastWords, heap }: Facts): boolean {
  if (report !== undefined) return report.isHeapExhausted;
  if (lastWords?.stderr.includes('JavaScript heap out of memory')) return true;
  return heap !== undefined && heap.limit > 0 && heap.used >= 0.7 * heap.limit;
}

function heapText({ report, heap }: Facts): string {
  const seen = report?.heap ?? heap;
  const size = seen === undefined ? '' : ` (${inMb(seen.used)} of ${inMb(seen.limit)})`;
  return `out of memory: V8's heap was full${size}; a leak, or too small a --max-old-space-size`;
}

function signalText({ exit: { signal }, report }: Facts): string {
  return `killed by ${signal} (${report === undefined ? signalMeaning(signal!) : `node: ${firstLine(report.event)}`})`;
}

/** The signals that `--stop-signal` can be, and those of a terminal. */
const STOP_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR2']);

function endedQuietly({ signal }: PlainExit): boolean {
  return signal === null || STOP_SIGNALS.has(signal);
}

function withCode({ code }: PlainExit): string {
  return code === null || code === 0 ? '' : `, with exit code ${code}`;
}

/** The exit codes that Node itself uses: https://nodejs.org/api/process.html#exit-codes */
const codeMeanings: Readonly<Record<number, string>> = {
  0: 'nothing kept its event loop running, or it called process.exit()',
  7: 'its own handler of uncaught errors threw',
  9: 'node was given an option that it does not know',
  13: 'a top-level await never settled',
};

function codeText({ exit: { code }, lastWords }: Facts): string {
  const said = lastLine(lastWords?.stderr ?? '') || (codeMeanings[code ?? -1] ?? '');
  return `exited with code ${code}${said === '' ? '' : `: ${said}`}`;
}

function inMb(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}

function whyRecycled(reason: RecycleReason | undefined): string {
  if (reason === undefined) return '';
  return reason === 'failed-reload' ? ' (it had the code of a reload that failed)' : ` (--${reason})`;
}
