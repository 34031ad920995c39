/**
 * Runs clients that never reconnect while a server is deployed again and again. None of their connections may close, no
 * answer may say `Connection: close`, and none may be lost or wrong. Of each option after the counts several values may be given,
 * with commas between them: all combinations run, each with a server of its own. Recycles have one more, since recycling by a
 * number of requests goes on beside everything else. npm test leaves this out.
 *
 *     node out/test/soak/kept-connections.js [--reloads n] [--scales n] [--recycles n] [--upgrades n] [--max-requests 2000]
 *         [--connections 64,1000] [--traffic get,post,idle] [--pause 0,20] [--pipelined 1,4] [--over tcp,unix]
 *         [--entry echoes.js,http-echoes.js,express-echoes.js,fastify-echoes.js]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serve, type App } from '../support/app.ts';
import { KeptConnections } from '../support/kept-connections.ts';
import { reload } from '../support/reloads.ts';
import { endSuccessor, upgraded } from '../support/upgrades.ts';

/** A scaling goes from the one number of workers to the other. */
const FEWEST = 1;
const MOST = 8;

const { values } = parseArgs({
  options: {
    reloads: { type: 'string', default: '0' },
    scales: { type: 'string', default: '0' },
    recycles: { type: 'string', default: '0' },
    upgrades: { type: 'string', default: '0' },
    'max-requests': { type: 'string', default: '2000' },
    connections: { type: 'string', default: '64' },
    traffic: { type: 'string', default: 'get' },
    pause: { type: 'string', default: '0' },
    pipelined: { type: 'string', default: '1' },
    over: { type: 'string', default: 'tcp' },
    entry: { type: 'string', default: 'echoes.js' },
  },
});

const [reloads, scales, recycles, upgrades] = [values.reloads, values.scales, values.recycles, values.upgrades].map(
  Number,
) as [number, number, number, number];

interface Combination {
  readonly entry: string;
  readonly over: string;
  readonly connections: string;
  readonly traffic: string;
  readonly pause: string;
  readonly pipelined: string;
}

/** Lets things happen to the server, and returns the pid of the primary that it has then. */
type Deploys = (app: App, done: Record<string, number>, gone: number[]) => Promise<number>;

const stages: ReadonlyArray<{ readonly isAsked: boolean; readonly options: readonly string[]; readonly run: Deploys }> =
  [
    { isAsked: reloads + scales + upgrades > 0, options: [], run: deploy },
    { isAsked: recycles > 0, options: ['--max-requests', values['max-requests']], run: recycle },
  ];

const sums = { combinations: 0, answers: 0, closed: 0, toldToClose: 0, lost: 0, wrong: 0 };
for (const combination of combinations()) {
  for (const { isAsked, options, run } of stages) if (isAsked) await keep(combination, options, run);
}
if (sums.combinations > 1) console.log(process.version, 'all', JSON.stringify(sums));

function combinations(): Combination[] {
  let all: Array<Partial<Combination>> = [{}];
  for (const name of ['entry', 'over', 'connections', 'traffic', 'pause', 'pipelined'] as const) {
    all = all.flatMap((one) => values[name].split(',').map((value) => ({ ...one, [name]: value })));
  }
  return all as Combination[];
}

async function keep(combination: Combination, options: readonly string[], run: Deploys): Promise<void> {
  const { entry, over, connections, traffic, pause, pipelined } = combination;
  const app = await serve({
    entry,
    options: ['--workers', '2', '--log-level', 'debug', ...options],
    ...(over === 'unix' && { env: { PORT: join('/tmp', `kept-${process.pid}-${sums.combinations}.sock`) } }),
  });
  const kept = await KeptConnections.open(app.target, {
    connections: Number(connections),
    traffic: traffic as 'get' | 'post' | 'idle',
    pause: Number(pause),
    pipelined: Number(pipelined),
  });
  const done: Record<string, number> = {};
  const gone: number[] = [];
  const startedAt = performance.now();
  const primary = await run(app, done, gone);
  const took = ((performance.now() - startedAt) / 1000).toFixed(1);
  const { times, ...report } = await kept.stop();
  if (primary === app.pid) await app[Symbol.asyncDispose]();
  else await endSuccessor(app, primary);
  console.log(
    process.version,
    Object.values(combination).join(' '),
    `${took} s`,
    JSON.stringify({ ...done, ...report }),
  );
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  console.log(`  response times, ms: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(0.9999)}`);
  if (gone.length > 0) console.log(`  the old workers of a reload were gone after, ms: ${gone.join(' ')}`);
  sums.combinations++;
  sums.answers += report.answers;
  for (const fault of ['closed', 'toldToClose', 'lost', 'wrong'] as const) {
    sums[fault] += report[fault];
    if (report[fault] > 0) process.exitCode = 1;
  }
  if (report.failures.length === 0) return;
  for (const { name, fields } of app.events('worker drained')) console.log(' ', name, JSON.stringify(fields));
}

async function deploy(app: App, done: Record<string, number>, gone: number[]): Promise<number> {
  for (let nth = 1; nth <= reloads; nth++) gone.push(await reload(app, nth));
  await scale(app);
  let primary = app.pid;
  for (let nth = 1; nth <= upgrades; nth++) {
    process.kill(primary, 'SIGUSR2');
    primary = await upgraded(app, nth);
  }
  Object.assign(done, { reloads, scales, upgrades });
  return primary;
}

/** Workers are still recycled while the clients end: so many have been asked for at least. */
async function recycle(app: App, done: Record<string, number>): Promise<number> {
  await app.event('recycling', {}, recycles);
  done['recycles'] = app.events('recycling').length;
  return app.pid;
}

/** Scales up and down by turns, after it has gone down to the fewest. */
async function scale(app: App): Promise<void> {
  let scaled = 0;
  const step = async (isUp: boolean): Promise<void> => {
    app.signal(isUp ? 'SIGTTIN' : 'SIGTTOU');
    await app.event('scaled', {}, ++scaled);
  };
  if (scales > 0) await step(false);
  for (let nth = 1; nth <= scales; nth++) {
    for (let count = FEWEST; count < MOST; count++) await step(nth % 2 === 1);
  }
}
