/** Why a worker ended, from all that is known of it: the first rule of a table that fits. Pure; nothing is read here. */
import type { Asked, Exit, ExitFacts, RecycleReason } from './exit.ts';
import { normalizeExit, signalMeaning, type PlainExit } from './signal-meaning.ts';
import { firstLine, lastLine, whereThrown } from './last-words.ts';

/** A worker that ends by itself closes its channel at the same moment, as far as can be seen from here, ms. */
const DISCONNECTED_MS = 50;

/** For programs and metrics: these words stay. */
export type ExitReason =
  /** It was told to end, and did. */
  | 'asked'
  /** It reached a limit and was replaced as planned. */
  | 'recycled'
  /** It could not be started at all. */
  | 'unstarted'
  /** Its event loop stood still, and prefork killed it. */
  | 'hung'
  /** It said what no worker says, and prefork killed it. */
  | 'protocol'
  /** It was not ready, or had not finished, when it should have, and prefork killed it. */
  | 'overdue'
  /** An error that nobody caught. */
  | 'uncaught'
  /** V8's heap was full. */
  | 'heap'
  /** The kernel killed it because its cgroup was at its memory limit. */
  | 'memory'
  /** The application called `process.disconnect()`: a worker that prefork cannot talk to finishes and ends. */
  | 'disconnected'
  /** Another signal. */
  | 'signal'
  /** It exited by itself. */
  | 'code';

export interface ExitEvidence extends Omit<ExitFacts, keyof Exit> {
  readonly exit: Exit;
  /** What it was told to end for; undefined when it was not. */
  readonly asked?: Asked | undefined;
  /** Which limit it had reached. */
  readonly recycle?: RecycleReason | undefined;
  /** Its heartbeat was overdue when it was killed. */
  readonly isHung: boolean;
  /** What it said, for which it was killed. */
  readonly expelledFor?: string | undefined;
  /** The start has failed of another one, and this is of no use: it did not get so far as to serve. */
  readonly isDiscarded?: boolean;
  /** prefork sent SIGKILL. */
  readonly killedByUs: boolean;
}

export interface ExplainedExit {
  readonly reason: ExitReason;
  /** One line for people, without a capital and a full stop, as log lines are. */
  readonly text: string;
}

/** What the rules see: the exit of a shell between us and the worker is told from the worker's own. */
interface Facts extends Omit<ExitEvidence, 'exit'> {
  readonly exit: PlainExit;
}

interface Rule {
  readonly reason: ExitReason;
  readonly fits: (facts: Facts) => boolean;
  readonly text: (facts: Facts) => string;
}

/**
 * From what is certain to what is likely. That it was asked comes after what shows a crash: one that crashes while it
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
    fits: ({ isHung, killedByUs }) => isHung && killedByUs,
    text: () => 'its event loop stood still for longer than --heartbeat-timeout, and it was killed',
  },
  {
    reason: 'protocol',
    fits: ({ expelledFor, killedByUs }) => expelledFor !== undefined && killedByUs,
    text: ({ expelledFor }) => `its channel to prefork was misused (${expelledFor}), and it was killed`,
  },
  {
    reason: 'overdue',
    // Else it was just faster.
    fits: ({ killedByUs, exit }) => killedByUs && exit.signal === 'SIGKILL',
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
    text: ({ recycle, exit }) =>
      `replaced as planned${recycle === undefined ? '' : ` (--${recycle})`}${withCode(exit)}`,
  },
  {
    reason: 'asked',
    fits: ({ asked, exit }) => asked !== undefined && endedQuietly(exit),
    text: ({ asked, exit }) => `ended as asked (${asked})${withCode(exit)}`,
  },
  {
    reason: 'disconnected',
    fits: ({ disconnectedFor = 0, exit }) => disconnectedFor >= DISCONNECTED_MS && endedQuietly(exit),
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

/** V8 ends a full heap with abort(3); its own failed checks, and other builds of it, with a trap or an illegal instruction. */
function endedAsAborted({ exit: { signal } }: Facts): boolean {
  return signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGILL';
}

/**
 * Node's report says it for certain. Without one there is the last beat, which a single long task leaves behind: the heap
 * limit counts V8's nursery too, so that old objects alone fill it at less than all of it.
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

function endedQuietly({ signal }: PlainExit): boolean {
  return signal === null || signal === 'SIGTERM' || signal === 'SIGINT';
}

function withCode({ code }: PlainExit): string {
  return code === null || code === 0 ? '' : `, with exit code ${code}`;
}

/** Those that Node itself uses: https://nodejs.org/api/process.html#exit-codes */
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
