import type { CanaryStatus, Status, WorkerStatus } from '../control/controls.ts';
import { duration } from '../format/duration.ts';
import { comparisonSummary } from './comparison-text.ts';

const TEN_SECONDS_MS = 10_000;

/** How long a user at a terminal waits without a message. */
const SILENCE_MS = 2000;

/**
 * Says what an operation waits for, and says it again when that changes.
 *
 * @returns a function that ends the messages.
 */
export function talkMeanwhile(
  read: () => Promise<Status>,
  say: (line: string) => void,
  silence: number = SILENCE_MS,
): () => void {
  let said = '';
  let isOver = false;
  const talk = async (): Promise<void> => {
    // When the status cannot be read, the operation itself reports the error. It may also lack a field that is used here.
    const reason = await read()
      .then(waitingFor)
      .catch(() => undefined);
    if (isOver || reason === undefined || reason === said) return;
    said = reason;
    say(`waiting ${reason}`);
  };
  const timer = setInterval(() => void talk(), silence);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

/**
 * Returns what an operation waits for, in words that complete `waiting ...`; undefined when the status does not show
 * it.
 */
export function waitingFor({ phase, slots, leaving, operation, canary }: Status): string | undefined {
  if (canary !== null && canary !== undefined) return canaryText(canary);
  const booting = slots.find(({ worker, successor }) => successor !== null || worker?.state === 'booting');
  if (booting !== undefined) {
    const { pid } = (booting.successor ?? booting.worker)!;
    return `for the new worker of slot ${booting.slot} (pid ${pid}) to be ready`;
  }
  const draining = [...leaving, ...slots.flatMap(({ worker }) => worker ?? [])].filter(isEnding);
  if (draining.length > 0) return `for ${draining.map(described).join(', ')} to finish`;
  if (phase !== 'stopping' && operation !== null) return `for ${article(operation)} ${operation} to end`;
  return undefined;
}

/** The text changes every ten seconds, and is said again then. */
function canaryText(canary: CanaryStatus): string {
  const { elapsed, total, slots } = canary;
  const seen = canary.table.length === 0 ? '' : comparisonSummary(canary);
  const time = `${duration(Math.floor(elapsed / TEN_SECONDS_MS) * TEN_SECONDS_MS)} of ${duration(total)}`;
  const what = slots.length === 1 ? '1 worker' : `${slots.length} workers`;
  return `for the verdict on the canary (${what}), ${time}${seen && `: ${seen}`}`;
}

function isEnding({ state }: WorkerStatus): boolean {
  return state === 'draining' || state === 'ending';
}

function described({ pid, vitals }: WorkerStatus): string {
  const open = vitals === null ? '' : `, ${vitals.connectionsOpen} connections`;
  return `worker ${pid} (draining${open})`;
}

function article(word: string): string {
  return /^[aeiou]/.test(word) ? 'an' : 'a';
}
