/**
 * Tells in which part of a reload busy clients wait longest: while workers boot, while they settle, while connections move, or while
 * the old workers end. The clients are a process of its own. They ask as fast as they are answered, or at a share of that rate: then a
 * response time counts from the moment at which its request was due. After each reload the application is started by node alone, as
 * often as there are workers, one after another (`bare boots`): no server can boot its workers for less. npm test leaves this out.
 *
 *     node out/test/soak/reload-phases.js [--idle 0,10000] [--load 1,0.5] [--reloads 5] [--busy 64] [--workers 2] [--settle 2s]
 *         [--quiet 6] [--entry echoes.js] [--nice 0] [--option --max-surge=2]
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serve, type App, type Target } from '../support/app.ts';
import { milliseconds, type LogEvent } from '../support/log.ts';
import { fixture } from '../support/paths.ts';
import { reload } from '../support/reloads.ts';
import { askAll, type Asked } from './reload/busy-clients.ts';

const AT_ONCE = 100;
/** How often to look whether a process of node alone listens, and the time between it and what comes before and after, ms. */
const LOOK_MS = 5;
const APART_MS = 500;
/** Workers and clients run most of their code for the first time before this, ms. It is left out, and so is the time after the last reload. */
const WARM_UP_MS = 2000;
const REQUEST = 'GET /idle HTTP/1.1\r\nHost: idle\r\n\r\n';

/** The parts of a reload, each of which goes before those after it where they overlap. */
const PARTS = ['closing', 'moving', 'booting', 'settling', 'bare boots', 'quiet'] as const;
type Part = (typeof PARTS)[number];

interface Span {
  readonly part: Part;
  readonly from: number;
  readonly to: number;
}

interface Stamped extends LogEvent {
  readonly at: number;
}

const isClients = process.argv[2] === 'clients';

const { values } = parseArgs({
  args: isClients ? [] : process.argv.slice(2),
  options: {
    idle: { type: 'string', default: '0,10000' },
    load: { type: 'string', default: '1,0.5' },
    reloads: { type: 'string', default: '5' },
    busy: { type: 'string', default: '64' },
    workers: { type: 'string', default: '2' },
    settle: { type: 'string', default: '2s' },
    quiet: { type: 'string', default: '6' },
    entry: { type: 'string', default: 'echoes.js' },
    nice: { type: 'string', default: '0' },
    option: { type: 'string', multiple: true, default: [] },
  },
});

async function main(): Promise<void> {
  console.log(process.version, values.entry, `${values.busy} busy, ${values.workers} workers`, ...values.option);
  for (const idle of values.idle.split(',')) await measure(Number(idle));
}

async function measure(idleCount: number): Promise<void> {
  const options = ['--workers', values.workers, '--settle', values.settle, '--log-level', 'debug', ...values.option];
  await using app = await serve({ entry: values.entry, options });
  const log = stamp(app);
  const idle = await openIdle(app.target, idleCount);
  let capacity = 0;
  let reloads = 0;
  for (const load of values.load.split(',').map(Number)) {
    if (load < 1 && capacity === 0) capacity = rateOf(await ask(app.target, 0, () => delay(3000)));
    const rate = load < 1 ? capacity * load : 0;
    const quiet: Span[] = [];
    const rest = async (): Promise<void> => {
      const from = now();
      await delay((Number(values.quiet) * 1000) / 2);
      quiet.push({ part: 'quiet', from, to: now() });
    };
    const from = now();
    const asked = await ask(app.target, rate, async () => {
      await delay(WARM_UP_MS);
      await rest();
      for (let nth = 1; nth <= Number(values.reloads); nth++) {
        await reload(app, ++reloads);
        quiet.push(await bootBare());
      }
      await delay(WARM_UP_MS);
      await rest();
    });
    if (load === 1) capacity = rateOf(asked);
    const spans = [...spansOf(log.filter(({ at }) => at >= from)), ...quiet];
    report(`${idleCount} idle, load ${load} (${Math.round(rateOf(asked))}/s)`, asked, spans);
  }
  for (const socket of idle) socket.destroy();
}

/** Starts the application by node alone, one process after another. */
async function bootBare(): Promise<Span> {
  const directory = mkdtempSync(join(tmpdir(), 'bare-'));
  const booted: ChildProcess[] = [];
  await delay(APART_MS);
  const from = now();
  for (let nth = 0; nth < Number(values.workers); nth++) {
    const path = join(directory, `${nth}.sock`);
    booted.push(
      spawn(process.execPath, [fixture(values.entry)], { env: { ...process.env, PORT: path }, stdio: 'ignore' }),
    );
    while (!existsSync(path)) await delay(LOOK_MS);
  }
  const to = now();
  await delay(APART_MS);
  for (const child of booted) child.kill();
  rmSync(directory, { recursive: true });
  return { part: 'bare boots', from, to };
}

/** Has the clients ask while something happens. */
async function ask(target: Target, rate: number, happens: () => Promise<void>): Promise<Asked> {
  const child: ChildProcess = fork(
    fileURLToPath(import.meta.url),
    ['clients', JSON.stringify(target), values.busy, String(rate)],
    {
      serialization: 'advanced',
    },
  );
  setPriority(child.pid!, Number(values.nice));
  child.once('exit', (code) => {
    if (code !== 0) throw new Error('the clients failed');
  });
  await once(child, 'message');
  await happens();
  child.send('stop');
  const [asked] = (await once(child, 'message')) as [Asked];
  return asked;
}

function stamp(app: App): Stamped[] {
  const stamped: Stamped[] = [];
  const read = (): void => {
    const at = now();
    for (const event of app.log.slice(stamped.length)) stamped.push({ ...event, at });
  };
  app.child.stderr!.on('data', read);
  read();
  return stamped;
}

function spansOf(log: readonly Stamped[]): Span[] {
  const spans: Span[] = [];
  const forked = new Map<string, number>();
  const drained = new Map<string, number>();
  let begunAt = 0;
  let readyAt: number | undefined;
  for (const { name, fields, at } of log) {
    const pid = fields['pid']!;
    if (name === 'reloading') begunAt = at;
    else if (name === 'worker forked') forked.set(pid, at);
    else if (name === 'worker ready') {
      const from = forked.get(pid)!;
      spans.push({ part: 'booting', from, to: from + milliseconds(fields['in']!) });
      readyAt ??= at;
    } else if (name === 'worker drained') drained.set(pid, at);
    else if (name === 'worker stopped') {
      spans.push({ part: 'closing', from: drained.get(pid)!, to: at });
      spans.push({ part: 'moving', from: readyAt!, to: at }, { part: 'settling', from: begunAt, to: at });
      // The others of the same reload have their spans from the same moment.
      if (forked.size === drained.size) readyAt = undefined;
    }
  }
  return spans;
}

function report(title: string, { at, took }: Asked, spans: readonly Span[]): void {
  const times = Object.fromEntries(PARTS.map((part) => [part, [] as number[]])) as Record<Part, number[]>;
  for (const [nth, ms] of took.entries()) {
    const [from, to] = [at[nth]!, at[nth]! + ms];
    const part = PARTS.find((one) => spans.some((span) => span.part === one && span.from < to && from < span.to));
    if (part !== undefined) times[part].push(ms);
  }
  const all = PARTS.filter((part) => part !== 'quiet' && part !== 'bare boots').flatMap((part) => times[part]);
  const quiet = quantile(times.quiet, 0.99);
  console.log(title);
  const rows: Record<string, number[]> = { 'a reload in all': all, ...times };
  for (const [name, one] of Object.entries(rows)) {
    const [p50, p99, max] = [0.5, 0.99, 1].map((share) => quantile(one, share)) as [number, number, number];
    const late = one.filter((ms) => ms > 1.5 * quiet).length;
    console.log(
      `  ${name.padEnd(16)} ${String(one.length).padStart(7)} answers: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} (${(p99 / quiet).toFixed(2)}), max ${max.toFixed(1)} ms; ${((100 * late) / Math.max(1, one.length)).toFixed(1)} % later than 1.5 quiet p99`,
    );
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function rateOf({ at, took }: Asked): number {
  const seconds = (at.at(-1)! - at[0]!) / 1000;
  return took.length / seconds;
}

async function openIdle(target: Target, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const group = Array.from({ length: AT_ONCE }, () => connect(target as { host: string; port: number }));
    await Promise.all(
      group.map(async (socket) => {
        socket.write(REQUEST);
        await once(socket, 'data');
      }),
    );
    sockets.push(...group);
  }
  return sockets;
}

if (isClients) await askAll(process.argv.slice(3));
else await main();
