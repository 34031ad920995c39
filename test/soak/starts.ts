/**
 * Signals at any moment: servers are started, half of them are then reloaded or upgraded, and up to 600 ms later their primary gets
 * a signal. Whatever that was, no process and no file may be left when they are gone, and exit codes are as documented.
 * Not part of npm test: see CONTRIBUTING.md.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { processesOf, socketsIn, TEST_ID } from '../support/leftovers.ts';
import { certificate, command, fixture } from '../support/paths.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGKILL'] as const;
const UNDER_WAY = [undefined, 'SIGHUP', undefined, 'SIGUSR2'] as const;
/** After the start, or after the operation was asked for, ms. */
const LATEST = 600;
/** For all that was started to be gone, ms. */
const PATIENCE = 60_000;

type Signal = (typeof SIGNALS)[number];

interface Round {
  readonly what: string;
  /** What was wrong. */
  readonly faults: readonly string[];
}

async function round(nth: number): Promise<Round> {
  const signal = SIGNALS[nth % SIGNALS.length]!;
  const underWay = UNDER_WAY[Math.floor(nth / SIGNALS.length) % UNDER_WAY.length];
  const directory = mkdtempSync(join(tmpdir(), 'prefork-starts-'));
  const name = `starts-${process.pid}-${nth}`;
  const env = {
    ...process.env,
    ...certificate,
    SOCKET: join(directory, 'server.sock'),
    PREFORK_RUNTIME_DIR: directory,
    TMPDIR: directory,
    [TEST_ID]: name,
  };
  const flags = ['--workers', '2', '--name', name, '--shutdown-grace-period', '3s'];
  const child = spawn(process.execPath, [command, ...flags, fixture('echo-everywhere.mjs')], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit') as Promise<[number | null, Signal | null]>;
  const log = logOf(child);
  if (underWay !== undefined) {
    await log.has(/prefork: ready /);
    child.kill(underWay);
  }
  const after = Math.floor(Math.random() * LATEST);
  await delay(after);
  const wasSilent = log.text === '';
  child.kill(signal);
  const isGone = await untilGone(name, env);
  const faults = isGone ? [] : [`still there: ${processesOf(name).join()}`];
  for (const pid of processesOf(name)) process.kill(pid, 'SIGKILL');
  const [code, by] = await ended;
  if (!isExpected(signal, wasSilent, code, by)) faults.push(`exit ${code ?? by}`);
  const left = [
    ...socketsIn(directory),
    ...namesIn(directory),
    ...readdirSync('/dev/shm').filter((one) => one.includes(name)),
  ];
  if (left.length > 0) faults.push(`left ${left.join()}`);
  rmSync(directory, { recursive: true });
  const what = `${nth}: ${underWay ?? 'start'}, ${signal} after ${after} ms`;
  return { what, faults: faults.map((fault) => `${fault}\n${log.text}`) };
}

/** 0 for whatever ends in order; a signal that comes before prefork's code runs does what it does to every program. */
function isExpected(signal: Signal, wasSilent: boolean, code: number | null, by: Signal | null): boolean {
  if (signal === 'SIGKILL') return by === 'SIGKILL' || code === 0;
  return code === 0 || (by === signal && wasSilent);
}

/** Stops whatever serves, a next primary too. After a kill workers go by themselves. @returns whether all are gone. */
async function untilGone(name: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await delay(200)) {
    // Removes what nobody was left to remove, as the next start or stop of any server does.
    await promisify(execFile)(process.execPath, [command, 'stop', '--name', name], { env }).catch(() => {});
    if (processesOf(name).length === 0) return true;
  }
  return false;
}

/** But for the empty directory of the control sockets, which all servers of a user share. */
function namesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((one) => !/^prefork-\d+$/.test(one));
}

function logOf(child: ChildProcess): { readonly text: string; has(words: RegExp): Promise<void> } {
  const log = {
    text: '',
    async has(words: RegExp): Promise<void> {
      while (!words.test(log.text) && child.exitCode === null && child.signalCode === null) {
        await Promise.race([once(child.stderr!, 'data'), once(child, 'exit')]);
      }
    },
  };
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (log.text += text));
  return log;
}

const { values } = parseArgs({
  options: { count: { type: 'string', default: '200' }, 'at-once': { type: 'string', default: '4' } },
});
const count = Number(values.count);
let next = 0;
let wrong = 0;
async function many(): Promise<void> {
  while (next < count) {
    const { what, faults } = await round(next++);
    if (faults.length === 0) continue;
    wrong++;
    console.log(`${what}: ${faults.join('\n')}`);
  }
}
await Promise.all(Array.from({ length: Number(values['at-once']) }, many));
console.log(`${count} starts, ${wrong} of them with a fault`);
process.exitCode = wrong === 0 ? 0 : 1;
