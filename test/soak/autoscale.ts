/**
 * Gives a server with `--workers 1..8` a step of load, from one tenth of a worker's to 1 to 8 workers' worth, and measures
 * how soon there are more workers and what the connections that were there see of it. With --down it waits until
 * there are fewer again, which takes seven minutes. No connection may close. npm test leaves this out.
 *
 *     node out/test/soak/autoscale.js [--how waiting|computing] [--worth 1,2,4,8] [--seconds 45] [--down]
 */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { parseArgs } from 'node:util';
import { serve, type App } from '../support/app.ts';
import { Clients, rest } from './autoscale/client.ts';

const { values } = parseArgs({
  options: {
    how: { type: 'string', default: 'waiting' },
    worth: { type: 'string', default: '2,4,8' },
    seconds: { type: 'string', default: '45' },
    down: { type: 'boolean', default: false },
  },
});

const CONNECTIONS = 48;
/** How long each request keeps the event loop. */
const REQUEST_MS = 10;
/** The window of the policy, and the time within which the scaling has to come after it. */
const RULE_S = 3;
const SLACK_S = 3;
const LONGEST_DOWN_S = 540;

for (const worth of values.worth.split(',').map(Number)) await step(worth);

async function step(worth: number): Promise<void> {
  const app = await serve({ entry: 'busy.js', options: ['--workers', '1..8', '--log-level', 'info'] });
  await scale(app, { workers: 1 });
  // The worker that leaves takes no connection of the clients then.
  await app.event('worker stopped');
  await scale(app, { auto: true });
  const clients = await Clients.open(app.port, CONNECTIONS);
  const path = `/?how=${values.how}&ms=${REQUEST_MS}`;
  clients.ask(path, 100 / REQUEST_MS);
  // A person's scale, too, is followed by 10 s in which nothing is decided.
  await rest(14_000);
  const seen = app.events('scaling').length;
  const start = performance.now();
  clients.ask(path, (worth * 1000) / REQUEST_MS);
  const ups = await watch(app, seen, start, Number(values.seconds));
  const end = performance.now();
  const before = clients.median(start, start + 1000 * (ups[0]?.seconds ?? 5));
  const after = clients.median(end - 5000, end);
  const workers = app.events('scaling').at(-1)?.fields['to'];
  console.log(
    `${values.how}, ${worth} workers' worth: ${ups.map(({ seconds, to, reason }) => `${to} workers after ${seconds.toFixed(1)} s (${reason})`).join(', ') || 'as many as before'}`,
  );
  console.log(
    `  median time of an answer: ${before?.toFixed(0)} ms before more workers, ${after?.toFixed(0)} ms at the end`,
  );
  if (values.down) {
    clients.ask(path, 100 / REQUEST_MS);
    const from = performance.now();
    while (performance.now() - from < LONGEST_DOWN_S * 1000 && app.events('scaling').at(-1)?.fields['to'] !== '1')
      await rest(1000);
    const downs = app.events('scaling').slice(seen + ups.length);
    console.log(`  fewer workers: from ${workers}, to ${downs.map(({ fields }) => fields['to']).join(', ')}`);
    if (downs.length === 0) process.exitCode = 1;
  }
  const report = await clients.end();
  console.log(`  ${JSON.stringify(report)}`);
  if (report.closed + report.toldToClose + report.unanswered > 0) process.exitCode = 1;
  if (worth > 1 && (ups[0]?.seconds ?? Infinity) > RULE_S + SLACK_S) process.exitCode = 1;
  await app[Symbol.asyncDispose]();
}

/** Asks the control socket for a scaling, and waits until it is done. */
async function scale(app: App, target: object): Promise<void> {
  const [socketPath] = app.controlSockets;
  const asked = request({ socketPath, path: '/scale', method: 'POST' });
  asked.end(JSON.stringify(target));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const text = (await answer.setEncoding('utf8').toArray()).join('');
  if (answer.statusCode !== 200) throw new Error(`scale ${JSON.stringify(target)}: ${text}`);
}

interface Up {
  readonly seconds: number;
  readonly to: string | undefined;
  readonly reason: string | undefined;
}

/** Notes when the server begins to have more workers. */
async function watch(app: App, seen: number, start: number, seconds: number): Promise<Up[]> {
  const ups: Up[] = [];
  while (performance.now() - start < seconds * 1000) {
    for (const { fields } of app.events('scaling').slice(seen + ups.length)) {
      ups.push({ seconds: (performance.now() - start) / 1000, to: fields['to'], reason: fields['reason'] });
    }
    await rest(20);
  }
  return ups;
}
