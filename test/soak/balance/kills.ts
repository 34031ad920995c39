import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { App } from 'prefork/testing';
import { withServer, type Mode } from './server.ts';

const WORKERS = 4;
const CLIENTS = 128;
/** The average time that a connection stays after its answer. */
const STAY_MS = 20;
/** The average time between two kills. */
const PAUSE_MS = 1000;
/** A connection that is neither answered nor closed within this time hangs. */
const LONGEST_MS = 60_000;
/** A worker that is killed is gone with its connections within this time. */
const DEATH_MS = 5000;

interface Loss {
  readonly id: number;
  readonly at: number;
}

class Ledger {
  answered = 0;
  hung = 0;
  readonly lost: Loss[] = [];
  readonly kills: number[] = [];

  /** The losses for which no kill was recent enough. */
  get unexplained(): Loss[] {
    return this.lost.filter(({ at }) => !this.kills.some((kill) => at >= kill && at < kill + DEATH_MS));
  }
}

/**
 * Runs connections while workers are killed all the time. Each connection sends its number, which the worker that
 * serves it records. With sticky-ip, where most connections move, there are fewer connections.
 */
export async function kills(connections: number): Promise<void> {
  await run('least-connections', connections);
  await run('sticky-ip', connections / 4);
}

async function run(mode: Mode, connections: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-kills-'));
  const log = join(directory, 'ids');
  const options = ['--recover-threshold', '1000000', '--recover-interval', '50ms'];
  try {
    await withServer(
      { mode, workers: WORKERS, entry: 'notes-ids.js', options, env: { LOG: log } },
      async (app, port) => {
        const ledger = new Ledger();
        const over = new AbortController();
        const killing = killNowAndThen(app, ledger, over.signal);
        await visitAll(port, connections, ledger);
        over.abort();
        await killing;
        const { done, refused, failed } = (await app.status()).balance.handoffs;
        console.log(
          `${mode}, ${connections} connections, ${ledger.kills.length} workers killed: ${report(ledger, log)}`,
        );
        console.log(`  handoffs: ${done} done, ${refused} refused, ${failed} failed`);
      },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function report(ledger: Ledger, log: string): string {
  const { answered, lost, hung, unexplained } = ledger;
  const times = new Map<string, number>();
  for (const id of readFileSync(log, 'latin1').split('\n').slice(0, -1)) times.set(id, (times.get(id) ?? 0) + 1);
  const twice = [...times.values()].filter((count) => count > 1).length;
  const unread = lost.filter(({ id }) => !times.has(String(id))).length;
  return [
    `${answered} answered`,
    `${lost.length} lost (${unread} of them unread)`,
    `${unexplained.length} lost without a kill`,
    `${twice} served twice`,
    `${hung} hung`,
    `${answered + (lost.length - unread) - times.size} answered and not noted`,
  ].join(', ');
}

async function visitAll(port: number, connections: number, ledger: Ledger): Promise<void> {
  let next = 0;
  const client = async (nth: number): Promise<void> => {
    while (next < connections) await visit(port, `127.0.${nth}.1`, next++, ledger);
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, nth) => client(nth)));
}

function visit(port: number, localAddress: string, id: number, ledger: Ledger): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    let isAnswered = false;
    socket.setTimeout(LONGEST_MS, () => {
      if (!isAnswered) ledger.hung++;
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!isAnswered) ledger.lost.push({ id, at: performance.now() });
      resolve();
    });
    socket.once('data', (text) => {
      isAnswered = text.toString('latin1').endsWith(` ${id}\n`);
      ledger.answered++;
      // The connection is reset, because there are not enough ports for all that would linger.
      setTimeout(() => socket.resetAndDestroy(), -Math.log(1 - Math.random()) * STAY_MS);
    });
    socket.write(`${id}\n`);
  });
}

async function killNowAndThen(app: App, { kills: times }: Ledger, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await delay(Math.random() * 2 * PAUSE_MS);
    const { slots } = await app.status();
    const serving = slots.filter(({ state }) => state === 'serving');
    const worker = serving[Math.floor(Math.random() * serving.length)]?.worker;
    if (typeof worker?.pid !== 'number') continue;
    times.push(performance.now());
    killIfAlive(worker.pid);
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The worker has ended meanwhile.
  }
}
