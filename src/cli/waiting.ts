import type { Status, WorkerStatus } from '../control/controls.ts';

/** How long somebody at a terminal waits without a word, ms. */
const SILENCE = 2000;

/** Says what is waited for, again each time that it changes. @returns what ends it. */
export function talkMeanwhile(
  read: () => Promise<Status>,
  say: (line: string) => void,
  silence: number = SILENCE,
): () => void {
  let said = '';
  let isOver = false;
  const talk = async (): Promise<void> => {
    // That it cannot be read is what the operation itself will say.
    const reason = await read().then(waitingFor, () => undefined);
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

/** What an operation waits for, to complete `waiting ...`; undefined when the status does not show it. */
export function waitingFor({ phase, slots, leaving, operation }: Status): string | undefined {
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
