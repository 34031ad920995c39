// Two workers add 1 to one counter, so many times each, while a third is killed with SIGKILL every 200 ms in the middle of it.
// node bench/state/adds.js [500000]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openState } from '../../dist/state.js';

const [, , count = '500000', path] = process.argv;
if (path === undefined) await supervise();
else await add();

/** Says how many were acknowledged in a file, which a kill cannot take back, before it asks for the next. */
async function add() {
  const state = await openState({ path });
  const counter = state.counter('sum');
  const fd = openSync(process.argv[4], 'w+');
  const acknowledged = new Float64Array(1);
  process.send('begun');
  for (let i = 1; i <= Number(count); i++) {
    await counter.add(1);
    acknowledged[0] = i;
    writeSync(fd, new Uint8Array(acknowledged.buffer), 0, 8, 0);
  }
  closeSync(fd);
  await state.close();
  process.disconnect();
}

async function supervise() {
  const directory = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'prefork-bench-'));
  const store = join(directory, 'state');
  const start = (many, file) => fork(process.argv[1], [String(many), store, join(directory, file)]);
  const began = performance.now();
  let isOver = false;
  const ends = ['a', 'b'].map((file) => once(start(count, file), 'exit'));
  void Promise.all(ends).then(() => (isOver = true));
  const bytes = new Uint8Array(8);
  const read = (file) => {
    const fd = openSync(join(directory, file));
    // One that was killed before its first was acknowledged has written nothing.
    bytes.fill(0);
    readSync(fd, bytes, 0, 8, 0);
    closeSync(fd);
    return new Float64Array(bytes.buffer)[0];
  };
  let killed = 0;
  let kills = 0;
  while (!isOver) {
    const victim = start(1e9, 'victim');
    await once(victim, 'message');
    await delay(200);
    victim.kill('SIGKILL');
    await once(victim, 'exit');
    killed += read('victim');
    kills++;
  }
  const codes = (await Promise.all(ends)).map(([code]) => code);
  const seconds = (performance.now() - began) / 1000;
  const state = await openState({ path: store });
  const sum = await state.counter('sum').get();
  await state.close();
  const acknowledged = read('a') + read('b') + killed;
  // Each that was killed may have had one more done, and no time to say so.
  const isExact = sum >= acknowledged && sum <= acknowledged + kills && codes.every((code) => code === 0);
  console.log(
    `sum ${sum}, acknowledged ${acknowledged}, kills ${kills}, ${seconds.toFixed(1)} s: ${isExact ? 'exact' : 'WRONG'}`,
  );
  rmSync(directory, { recursive: true });
  process.exitCode = isExact ? 0 : 1;
}
