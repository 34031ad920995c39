/** What the verbs that have a server do something share: they wait, and print one line. */
import { PreforkError } from '../errors.ts';
import { operate, readStatus, type Operations, type RunningServer } from '../control/client.ts';
import type { Outcome } from '../control/controls.ts';
import { duration } from './duration.ts';
import { waitingFor } from './waiting-for.ts';

/** How long somebody at a terminal waits without a word, ms. */
const SILENCE = 2000;

type Done = Extract<Outcome, { ok: true }>;

/** @throws PreforkError `ERR_NOT_DONE`, with the failed worker's last words on further lines, and all of `operate`'s */
export async function perform<Path extends keyof Operations>(
  server: RunningServer,
  path: Path,
  body: Operations[Path],
): Promise<Done> {
  const hush = process.stderr.isTTY ? talkMeanwhile(server) : () => {};
  try {
    const outcome = await operate(server, path, body);
    if (outcome.ok) return outcome;
    const stderr = (outcome.stderr ?? '').trimEnd();
    throw new PreforkError('ERR_NOT_DONE', `${path.slice(1)} failed: ${outcome.reason}${stderr && `\n${stderr}`}`);
  } finally {
    hush();
  }
}

/** `reload done gen=2 in=412ms`, as the server's own log says it. */
export function printDone(what: string, fields: Readonly<Record<string, string | number>>): void {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
  process.stdout.write(`prefork: ${what} done ${pairs.join(' ')}\n`);
}

export function doneFields({ generation, took }: Done): Record<string, string | number> {
  return { gen: generation, in: duration(took) };
}

/** Says on stderr what is waited for, again each time that it changes. @returns what ends it. */
function talkMeanwhile(server: RunningServer): () => void {
  let said = '';
  let isOver = false;
  const talk = async (): Promise<void> => {
    const line = await readStatus(server).then(waitingFor, () => undefined);
    if (isOver || line === undefined || line === said) return;
    said = line;
    process.stderr.write(`prefork: waiting ${line}\n`);
  };
  const timer = setInterval(() => void talk(), SILENCE);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}
