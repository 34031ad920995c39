/**
 * The parts of prefork's hot paths alone, out of ../dist, each beside the bare thing it is made of: a row of the
 * scoreboard beside a bare pwrite or pread, the accounting of a request beside publishing to a listener that does nothing.
 * A program of its own, for nothing else may have subscribed to Node's channels. Prints JSON.
 */

import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { measure } from 'mitata';
import { paths } from '../paths.ts';
import type { MicroResult } from './micro.ts';

const results: MicroResult[] = [];
const QUICK = process.argv.includes('--quick');

/** So many times each, in turns, for what is measured first on a busy machine is not what is measured second. */
const TURNS = QUICK ? 1 : 3;

interface Operation {
  readonly name: string;
  readonly run: () => void;
  /** Before and after each of its turns. */
  readonly set?: () => void;
  readonly unset?: () => void;
}

/** An operation and the bare thing it is made of. Of the turns, the one with the middle median. */
async function beside(bare: Operation, ours: Operation): Promise<void> {
  const turns: { operation: Operation; p25: number; p50: number; p75: number }[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    for (const operation of [bare, ours]) {
      operation.set?.();
      const { p25, p50, p75 } = await measure(operation.run, { min_cpu_time: (QUICK ? 0.1 : 0.3) * 1e9 });
      operation.unset?.();
      turns.push({ operation, p25, p50, p75 });
    }
  }
  for (const operation of [bare, ours]) {
    const own = turns.filter((turn) => turn.operation === operation).toSorted((a, b) => a.p50 - b.p50);
    const { p25, p50, p75 } = own[Math.floor(own.length / 2)]!;
    results.push({
      name: operation.name,
      ns: p50,
      p25,
      p75,
      ...(operation === ours ? { bare: bare.name, ours: true } : {}),
    });
  }
}

/** The bench is no part of prefork's build and has no types of it; what has changed there shows when it is called. */
// oxlint-disable-next-line typescript/no-explicit-any
const load = (file: string): Promise<Record<string, any>> => import(join(paths.dist, file));

async function scoreboard(): Promise<void> {
  const { Board } = await load('scoreboard/board.js');
  const { Writer } = await load('scoreboard/writer.js');
  const { Reader } = await load('scoreboard/reader.js');
  const { BLANK } = await load('scoreboard/record.js');
  const { ROW_BYTES, STATES } = await load('scoreboard/layout.js');
  const directory = mkdtempSync(join('/dev/shm', 'prefork-bench-'));
  const file = openSync(join(directory, 'bare'), 'w+');
  const board = Board.create({ name: 'bench', rows: 8, directories: [directory] });
  const writer = Writer.open(board.path, board.takeRow());
  const reader = Reader.open(board.path);
  const bytes = new Uint8Array(ROW_BYTES);
  const row = { ...BLANK, pid: process.pid, state: Object.keys(STATES)[1], requestsStarted: 1e6 };
  try {
    await beside(
      { name: `pwrite of ${ROW_BYTES} bytes, bare`, run: () => void writeSync(file, bytes, 0, bytes.length, 0) },
      { name: 'scoreboard: write a row', run: () => writer.write(row) },
    );
    await beside(
      { name: `pread of ${ROW_BYTES} bytes, bare`, run: () => void readSync(file, bytes, 0, bytes.length, 0) },
      { name: 'scoreboard: read a row', run: () => void reader.read(0) },
    );
  } finally {
    reader.close();
    writer.close();
    board.close();
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
}

async function requests(): Promise<void> {
  const { Requests } = await load('worker/draining/requests.js');
  const start = channel('http.server.request.start');
  const finish = channel('http.server.response.finish');
  const exchanges = Array.from({ length: 1000 }, () => ({
    response: { shouldKeepAlive: true },
    socket: new EventEmitter(),
  }));
  let next = 0;
  const exchange = (): void => {
    const message = exchanges[(next = (next + 1) % exchanges.length)];
    start.publish(message);
    finish.publish(message);
  };
  const nothing = (): void => {};
  const channels = ['http.server.request.start', 'http.server.response.finish'];
  let accounting: { started: number; inFlight: number; close: () => void } | undefined;
  await beside(
    {
      name: 'publish a request to a listener that does nothing, bare',
      run: exchange,
      set: () => channels.forEach((name) => subscribe(name, nothing)),
      unset: () => channels.forEach((name) => unsubscribe(name, nothing)),
    },
    {
      name: 'request accounting: a request',
      run: exchange,
      set: () => {
        accounting = new Requests() as typeof accounting;
      },
      unset() {
        if (accounting!.started === 0 || accounting!.inFlight !== 0) throw new Error('the accounting did not count');
        accounting!.close();
      },
    },
  );
}

/** What is not there, or is called otherwise by now, is left out with a word. */
for (const part of [scoreboard, requests]) {
  try {
    await part();
  } catch (error) {
    process.stderr.write(`${part.name}: ${(error as Error).message}\n`);
  }
}
process.stdout.write(JSON.stringify(results));
