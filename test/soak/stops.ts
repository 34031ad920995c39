/**
 * Stops servers while clients make one connection after another, and counts the connections that are reset. A client that comes too
 * late has to be refused. With `--signal SIGKILL` the primary is killed, and its workers finish by themselves. npm test leaves this out.
 *
 *     node out/test/soak/stops.js [--stops 24] [--clients 48] [--workers 2] [--busy 0] [--signal SIGTERM] [-- options of the command]
 */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serve, type App } from '../support/app.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    stops: { type: 'string', default: '24' },
    clients: { type: 'string', default: '48' },
    workers: { type: 'string', default: '2' },
    /** Busy loops beside it. */
    busy: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    signal: { type: 'string', default: 'SIGTERM' },
  },
});
const BEFORE_MS = 400;
const PATIENCE_MS = 20_000;

/** How a connection came to its end. */
type End = 'answered' | 'refused' | 'reset' | 'silent';

interface Visit {
  readonly end: End;
  /** From the beginning to the end, and to the moment in which it was connected, ms. */
  readonly took: number;
  readonly connectedAfter: number | undefined;
  readonly from: number;
}

const busy = Array.from({ length: Number(values.busy) }, () =>
  spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' }),
);
let resets = 0;
let answered = 0;
let stopsWithResets = 0;
const took: number[] = [];
let stoppedAt = 0;
const lates: string[] = [];
for (let nth = 0; nth < Number(values.stops); nth++) {
  const app = await serve({ entry: 'hello.js', options: ['--workers', values.workers, ...positionals] });
  const visits = await stopUnderLoad(app);
  await app[Symbol.asyncDispose]();
  const reset = visits.filter(({ end }) => end === 'reset' || end === 'silent');
  answered += visits.filter(({ end }) => end === 'answered').length;
  resets += reset.length;
  if (reset.length > 0) stopsWithResets++;
  lates.push(...reset.map((visit) => `stop ${nth}: ${describe(visit)}`));
}
for (const one of busy) one.kill('SIGKILL');
for (const late of lates.slice(0, 40)) console.log(`  ${late}`);
took.sort((one, other) => one - other);
console.log(
  `node ${process.version}: ${values.stops} stops with ${values.clients} clients beside ${values.busy} busy loops: ${answered} answered, ${resets} reset in ${stopsWithResets} stops; ` +
    `a stop took ${took[took.length >> 1]?.toFixed(0)} ms (median), ${took.at(-1)?.toFixed(0)} ms at most`,
);
process.exitCode = resets === 0 ? 0 : 1;

async function stopUnderLoad(app: App): Promise<Visit[]> {
  const visits: Visit[] = [];
  const clients = Array.from({ length: Number(values.clients) }, () => keepVisiting(app.port, visits));
  await delay(BEFORE_MS);
  stoppedAt = performance.now();
  app.signal(values.signal as NodeJS.Signals);
  await app.exit();
  took.push(performance.now() - stoppedAt);
  await Promise.all(clients);
  return visits;
}

/** Visits until it is refused. */
async function keepVisiting(port: number, visits: Visit[]): Promise<void> {
  for (;;) {
    const visit = await visitOnce(port);
    visits.push(visit);
    if (visit.end === 'refused' || visit.end === 'silent') return;
  }
}

function visitOnce(port: number): Promise<Visit> {
  return new Promise((resolve) => {
    const from = performance.now();
    const socket = connect(port, values.host);
    let text = '';
    let end: End = 'reset';
    let connectedAfter: number | undefined;
    socket.setEncoding('latin1').setTimeout(PATIENCE_MS, () => {
      end = 'silent';
      socket.destroy();
    });
    socket.on('connect', () => {
      connectedAfter = performance.now() - from;
      socket.write('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
    });
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') end = 'refused';
    });
    socket.on('close', () => {
      if (end === 'reset' && text.startsWith('HTTP/1.1 200')) end = 'answered';
      resolve({ end, took: performance.now() - from, connectedAfter, from });
    });
  });
}

function describe({ end, from, took: lasted, connectedAfter }: Visit): string {
  const since = (from - stoppedAt).toFixed(1);
  const connected =
    connectedAfter === undefined ? 'never connected' : `connected after ${connectedAfter.toFixed(1)} ms`;
  return `${end}: began ${since} ms after the signal, ${connected}, over after ${lasted.toFixed(1)} ms`;
}
