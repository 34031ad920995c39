/**
 * Sends signals at any moment. Servers are started, half of them are then reloaded or upgraded, and up to 600 ms later
 * their primary gets a signal. No process and no file may be left when they are gone, and exit codes must be as
 * documented. npm test leaves this out, see CONTRIBUTING.md.
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
/** The latest signal after the start, or after the operation was asked for. */
const LATEST_MS = 600;
/** The time within which everything that was started must be gone. */
const PATIENCE_MS = 60_000;

type Signal = (typeof SIGNALS)[number];

interface Round {
  readonly what: string;
  /** The faults that were found. */
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
  const after = Math.floor(Math.random() * LATEST_MS);
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

/**
 * Tells whether an exit is expected: 0 after an orderly end. A signal before prefork's code runs has the default
 * effect.
 */
function isExpected(signal: Signal, wasSilent: boolean, code: number | null, by: Signal | null): boolean {
  if (signal === 'SIGKILL') return by === 'SIGKILL' || code === 0;
  return code === 0 || (by === signal && wasSilent);
}

/**
 * Stops the server, and a next primary too. After a kill the workers leave by themselves.
 *
 * @returns whether all are gone.
 */
async function untilGone(name: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(200)) {
    // The command removes what a killed server left, as the next start or stop of any server does.
    await promisify(execFile)(process.execPath, [command, 'stop', '--name', name], { env }).catch(() => {});
    if (processesOf(name).length === 0) return true;
  }
  return false;
}

/** Lists what is left, except for the empty directory of the control sockets, which all servers of a user share. */
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
