import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { serve, type App, type AppOptions } from '../../support/app.ts';
import { Clients, rest, type Seen } from './client.ts';

export const CONNECTIONS = 48;
/** How long each request keeps the event loop. */
export const REQUEST_MS = 10;
/** Requests a second that come to a tenth of a worker's worth. */
export const LITTLE_PER_S = 100 / REQUEST_MS;
/** A person's scale is followed by 10 s in which nothing is decided. */
const QUIET_MS = 14_000;

/** How a request of busy.js keeps its event loop. */
export type How = 'waiting' | 'computing';

/** A server of one worker, which may become more, and clients that ask for a tenth of a worker's worth. */
export async function serveOne(
  how: string,
  range: string,
  options: AppOptions = {},
): Promise<{ app: App; clients: Clients }> {
  const app = await serve({
    entry: 'busy.js',
    ...options,
    options: ['--workers', range, '--log-level', 'info', ...(options.options ?? [])],
  });
  const workers = Number(app.events('ready')[0]?.fields['workers']);
  await scale(app, { workers: 1 });
  // The workers that leave take no connection of the clients then.
  if (workers > 1) await app.event('worker stopped', {}, workers - 1);
  await scale(app, { auto: true });
  const clients = await Clients.open(app.port, CONNECTIONS, `/?how=${how}&ms=${REQUEST_MS}`, LITTLE_PER_S);
  await rest(QUIET_MS);
  return { app, clients };
}

/** Asks the control socket for a scaling, and waits until it is done. */
async function scale(app: App, target: object): Promise<void> {
  await ask(app, 'POST', '/scale', target);
}

/** The part of the status that tells of autoscaling. */
export interface AutoscaleNow {
  readonly slots: ReadonlyArray<{
    readonly worker: { readonly pid: number; readonly vitals: { readonly rss: number } | null } | null;
  }>;
  readonly autoscale: { readonly fitting: number | null; readonly hold: string | null };
}

export async function statusOf(app: App): Promise<AutoscaleNow> {
  return JSON.parse(await ask(app, 'GET', '/status')) as AutoscaleNow;
}

async function ask(app: App, method: string, path: string, body?: object): Promise<string> {
  const [socketPath] = app.controlSockets;
  const asked = request({ socketPath, path, method });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const text = (await answer.setEncoding('utf8').toArray()).join('');
  if (answer.statusCode !== 200) throw new Error(`${path} ${JSON.stringify(body)}: ${text}`);
  return text;
}

/** Prints what the clients have seen, and returns whether they have noticed nothing. */
export function sayWhatIsSeen(report: Seen, clients: Clients): boolean {
  console.log(`  ${JSON.stringify(report)}`);
  for (const end of clients.ends) console.log(`  ${end}`);
  return report.closed + report.toldToClose + report.unanswered === 0;
}
