import type { App } from '../../support/app.ts';
import { rest, type Clients } from './client.ts';
import { CONNECTIONS, LITTLE_PER_S, REQUEST_MS, sayWhatIsSeen, serveOne } from './server.ts';

/** The time within which the scaling has to begin: the window of the policy, and one look. */
const LONGEST_UP_S = 3.3;
const LONGEST_DOWN_S = 540;

export interface StepOptions {
  readonly worth: number;
  readonly how: string;
  readonly seconds: number;
  readonly isDown: boolean;
}

/** Returns whether a step of load was answered in time, and no connection noticed. */
export async function step({ worth, how, seconds, isDown }: StepOptions): Promise<boolean> {
  const { app, clients } = await serveOne(how, '1..8');
  await using _ = app;
  const seen = app.events('scaling').length;
  const start = performance.now();
  clients.ask((worth * 1000) / REQUEST_MS);
  const ups = await watch(app, seen, start, seconds);
  const end = performance.now();
  const decided = ups[0]?.seconds ?? Infinity;
  const before = clients.median(start, start + 1000 * (ups[0]?.seconds ?? 5));
  const after = clients.median(end - 5000, end);
  const workers = app.events('scaling').at(-1)?.fields['to'];
  console.log(
    `${how}, ${worth} workers' worth: ${ups.map(({ seconds: at, to, reason }) => `${to} workers after ${at.toFixed(1)} s (${reason})`).join(', ') || 'as many as before'}`,
  );
  console.log(
    `  median time of an answer: ${before?.toFixed(0)} ms before more workers, ${after?.toFixed(0)} ms at the end`,
  );
  sayHowSoonRelieved(clients, start, ups[0]);
  const isFewer = !isDown || (await becomesFew(app, clients, seen + ups.length, workers));
  const isUnnoticed = sayWhatIsSeen(await clients.end(), clients);
  return isFewer && isUnnoticed && (worth <= 1 || decided <= LONGEST_UP_S);
}

/** Says how soon the connections that were there went to the first of the new workers. */
function sayHowSoonRelieved(clients: Clients, start: number, up: Up | undefined): void {
  if (up === undefined) return;
  const inS = (at: number | undefined): string => (at === undefined ? '-' : ((at - start) / 1000).toFixed(2));
  const moves = clients.moves(start);
  const soon = moves.filter((at) => at < up.servesAt + 1000).length;
  console.log(
    `  new workers serve after ${inS(up.servesAt)} s; the first of the connections that were there was answered by one of them after ${inS(moves[0])} s, ` +
      `and ${soon} of ${CONNECTIONS} within a second`,
  );
}

async function becomesFew(app: App, clients: Clients, seen: number, workers: string | undefined): Promise<boolean> {
  clients.ask(LITTLE_PER_S);
  const from = performance.now();
  while (performance.now() - from < LONGEST_DOWN_S * 1000 && app.events('scaling').at(-1)?.fields['to'] !== '1')
    await rest(1000);
  const downs = app.events('scaling').slice(seen);
  console.log(`  fewer workers: from ${workers}, to ${downs.map(({ fields }) => fields['to']).join(', ')}`);
  return downs.length > 0;
}

interface Up {
  readonly seconds: number;
  readonly to: string | undefined;
  readonly reason: string | undefined;
  /** When the new workers served; infinite when they did not. */
  servesAt: number;
}

/** Notes when the server begins to have more workers. */
async function watch(app: App, seen: number, start: number, seconds: number): Promise<Up[]> {
  const ups: Up[] = [];
  const before = app.events('scaled').length;
  while (performance.now() - start < seconds * 1000) {
    for (const { fields } of app.events('scaling').slice(seen + ups.length)) {
      ups.push({
        seconds: (performance.now() - start) / 1000,
        to: fields['to'],
        reason: fields['reason'],
        servesAt: Infinity,
      });
    }
    const scaled = app.events('scaled').length - before;
    for (const [nth, up] of ups.entries()) if (nth < scaled) up.servesAt = Math.min(up.servesAt, performance.now());
    await rest(20);
  }
  return ups;
}
