/**
 * Requests by chance, on connections that move after each answer: every byte of them and of their answers is cut at random, they are
 * pipelined, big, with Expect, read slowly; clients half-close, end and reset. Each answer has to be the one of its request, and
 * each request be handled once. It is not part of npm test:
 *
 *     node out/test/soak/moves.js [--requests 200000] [--server node|prefork] [--kills none|workers|primary]
 *         [--changes none|scale|reload|stop] [--seed 1] [--seconds 900] [--migrate every-answer]
 *
 * With `--changes scale` a worker leaves or comes each second, with `reload` all are replaced every three seconds, and with `stop` the
 * server stops every second or two, and another begins. All these lose nothing, except what comes on new connections while a server stops.
 *
 * With `--kills workers` a worker is killed each second. With `--kills primary` the primary is killed every second or two; its workers
 * finish and leave, and another server begins. Then a request may be lost that the killed process had read, or that waited on a connection
 * which that process had, and no other.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { serve, type App } from '../support/app.ts';
import { Random } from '../support/random.ts';
import { Tally, visit, type Loss } from './moves/visit.ts';

const CLIENTS = 64;
const KILL_PERIOD_MS = 1000;
const SCALE_PERIOD_MS = 1000;
const RELOAD_PERIOD_MS = 3000;
/** A connection of a process that was killed closes at once; on a busy machine its client hears of it so much later, ms. */
const HEARD_WITHIN_MS = 5000;
const MOST_FAULTS = 20;
const TROUBLE = /exited|killed|crash|fail|error|hang|gave up|timed out|cut|refused/;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '200000' },
    server: { type: 'string', default: 'node' },
    kills: { type: 'string', default: 'none' },
    changes: { type: 'string', default: 'none' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '900' },
    migrate: { type: 'string', default: 'every-answer' },
  },
});
const wanted = Number(values.requests);
const over = performance.now() + Number(values.seconds) * 1000;

const tally = new Tally();
const kills: Array<{ readonly pid: number; readonly at: number }> = [];
/** The process that handled each request. */
const handled = new Map<string, string>();
const twice: string[] = [];
const randoms = Array.from({ length: CLIENTS + 1 }, (_, nth) => new Random(Number(values.seed) * 1000 + nth));
const killing = randoms.pop()!;
const ids = new Uint32Array(CLIENTS);
let moved = 0;
let changed = 0;
/** What the servers have logged of trouble: it may explain a fault. */
const troubles: string[] = [];
const isOver = (): boolean => tally.sent >= wanted || performance.now() > over;
const begun = performance.now();
while (!isOver()) await serveFor();
report((performance.now() - begun) / 1000);

/** Runs a server until all is over, or its primary is killed. */
async function serveFor(): Promise<void> {
  await using app = await serve({
    entry: 'tells-what-it-got.js',
    options: ['--workers', '3', '--migrate', values.migrate, '--log-level', 'debug'],
    env: { SERVER: values.server, LOG: 'ids' },
  });
  const life = { isOver: false };
  await Promise.all([...randoms.map((_, nth) => client(app, life, nth)), killer(app, life), change(app, life)]);
  moved += Number(/level:(\d+)/.exec(app.events('connections').at(-1)?.fields['moved'] ?? '')?.[1] ?? 0);
  if (life.isOver) await app.gone();
  for (const { name, message = '', fields } of app.log) {
    if (TROUBLE.test(name)) troubles.push(`${name} ${message} ${JSON.stringify(fields)}`);
  }
  note(join(app.directory, 'ids'));
}

interface Life {
  /** The primary was killed, or stops. */
  isOver: boolean;
}

async function client({ target }: App, life: Life, nth: number): Promise<void> {
  while (!isOver() && !life.isOver)
    await visit(
      target,
      randoms[nth]!,
      () => `${nth}-${ids[nth]!++}`,
      tally,
      () => life.isOver,
    );
}

async function killer(app: App, life: Life): Promise<void> {
  while (values.kills !== 'none' && !isOver() && !life.isOver) {
    await delay(values.kills === 'primary' ? KILL_PERIOD_MS * (1 + killing.next()) : KILL_PERIOD_MS);
    const pid = values.kills === 'primary' ? app.pid : killing.pick([...app.workers.values()]);
    try {
      if (pid === app.pid) app.signal('SIGKILL');
      else process.kill(pid, 'SIGKILL');
      kills.push({ pid, at: performance.now() });
    } catch {
      // The worker has just been killed, and the next one is not there yet.
    }
    life.isOver = pid === app.pid;
  }
}

async function change(app: App, life: Life): Promise<void> {
  const isStop = values.changes === 'stop';
  const period = values.changes === 'reload' ? RELOAD_PERIOD_MS : SCALE_PERIOD_MS;
  for (let nth = 0; values.changes !== 'none' && !isOver() && !life.isOver; nth++) {
    await delay(isStop ? period * (1 + killing.next()) : period);
    app.signal(isStop ? 'SIGTERM' : values.changes === 'reload' ? 'SIGHUP' : nth % 2 === 0 ? 'SIGTTOU' : 'SIGTTIN');
    life.isOver = isStop;
    changed++;
  }
}

function note(file: string): void {
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const [id, pid] = line.split(' ') as [string, string];
    if (handled.has(id)) twice.push(`${id} by ${handled.get(id)} and ${pid}`);
    handled.set(id, pid);
  }
}

function report(seconds: number): void {
  const killed = new Set(kills.map(({ pid }) => String(pid)));
  const isExcused = (id: string, { at, isNew }: Loss): boolean => {
    const by = handled.get(id);
    if (by !== undefined) return killed.has(by);
    if (isNew && values.changes === 'stop') return true;
    return kills.some((kill) => at >= kill.at && at - kill.at < HEARD_WITHIN_MS);
  };
  const lost = [...tally.lost].filter(([id, loss]) => !isExcused(id, loss));
  const { sent, answered, given, told, visits, endings, kinds, wrong } = tally;
  const excused = tally.lost.size - lost.length;
  console.log(process.version, values.server, `${sent} requests in ${seconds.toFixed(0)} s on ${visits} connections`);
  // Node answers nothing behind an answer that closes. What came after the head of that one was handled all the same.
  const inVain = told.filter((id) => handled.has(id)).length;
  console.log(
    JSON.stringify({
      answered,
      given,
      told: told.length,
      inVain,
      kills: kills.length,
      changed,
      excused,
      moved,
      ...endings,
      ...kinds,
    }),
  );
  console.log(JSON.stringify({ lost: lost.length, twice: twice.length, wrong: wrong.length }));
  const losses = lost.map(([id, { what }]) => `lost ${id}, handled by ${handled.get(id) ?? 'none'}: ${what}`);
  for (const fault of [...losses, ...twice, ...wrong].slice(0, MOST_FAULTS)) console.log(`FAULT ${fault}`);
  if (lost.length > 0) for (const trouble of troubles.slice(0, MOST_FAULTS)) console.log(`  logged: ${trouble}`);
  if (lost.length + twice.length + wrong.length > 0 || sent < wanted) process.exitCode = 1;
}
