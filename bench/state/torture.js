// Workers that do everything at once are killed with SIGKILL in the middle of it, so many times: no addition that was
// acknowledged may be lost, nothing damaged, torn or stuck, no message lost or out of order, and never two where one is to be.
// node bench/state/torture.js [--kills 1000] [--seed 1]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openState } from '../../dist/state.js';

const { values } = parseArgs({ options: { kills: { type: 'string' }, seed: { type: 'string' } } });
const [kills, seed] = [Number(values.kills ?? 1000), Number(values.seed ?? 1)];
const AT_ONCE = 4;
/** ms: a dead holder is noticed within 250, and the machine is busy. */
const STUCK = 5000;

const directory = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'prefork-bench-'));
const [store, notes] = [join(directory, 'state'), join(directory, 'notes')];
mkdirSync(notes);
const state = await openState({ path: store, maxSize: '64mb' });
const cache = state.cache('c', { maxSize: '4mb' });
const sum = state.counter('sum');
const wrongs = [];
const wrong = (text) => {
  wrongs.push(text);
  console.log(`WRONG: ${text}`);
};

const heard = new Map();
const talk = state.channel('talk');
talk.addEventListener('message', ({ data: [life, nth] }) => {
  const before = heard.get(life) ?? 0;
  if (nth !== before + 1) wrong(`message ${nth} of life ${life} came after ${before}`);
  heard.set(life, nth);
});
await talk.ready;

let [killed, lives, acknowledged, own, looks, slowest, last] = [0, 0, 0, 0, 0, 0, 0];
const victims = Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (lives < kills) await liveAndDie(String(++lives));
  }),
);
let isOver = false;
void victims.then(() => (isOver = true));
while (!isOver) await look();
await victims;
await settle();

async function liveAndDie(life) {
  const fate = Math.imul(seed, 1_000_003) + Number(life);
  const victim = fork(join(import.meta.dirname, 'torture-victim.js'), [store, notes, life, String(fate)]);
  const exit = once(victim, 'exit');
  victim.on('message', (text) => text === 'begun' || wrong(text));
  await Promise.race([once(victim, 'message'), exit]);
  await Promise.race([delay((Math.imul(fate, 2_654_435_761) >>> 0) % 120), exit]);
  victim.kill('SIGKILL');
  const [, signal] = await exit;
  if (signal !== 'SIGKILL') wrong(`life ${life} ended by itself`);
  killed++;
  const [adds, sends] = acknowledgedBy(life);
  acknowledged += adds;
  for (const end = performance.now() + STUCK; (heard.get(life) ?? 0) < sends; await delay(5)) {
    if (performance.now() < end) continue;
    wrong(`of life ${life} ${sends} messages were acknowledged and ${heard.get(life)} heard`);
    break;
  }
  if (killed % 100 === 0) checkIntegrity();
}

function acknowledgedBy(life) {
  const path = join(notes, `acknowledged-${life}`);
  const numbers = new Float64Array(2);
  const fd = openSync(path, 'a+');
  readSync(fd, new Uint8Array(numbers.buffer), 0, 16, 0);
  closeSync(fd);
  rmSync(path);
  return numbers;
}

/** As a worker that lives, and that must not notice much of the others' ends. */
async function look() {
  const start = performance.now();
  const now = await sum.add(1);
  own++;
  if (now <= last) wrong(`the sum fell from ${last} to ${now}`);
  last = now;
  await state.lock(`l${looks % 3}`, () => {}, { timeout: STUCK }).catch((error) => wrong(error.message));
  const [one, other] = (await cache.get('pair')) ?? [0, 0];
  if (one !== other) wrong(`an update was torn: ${one}, ${other}`);
  const value = (await cache.get(`k${looks % 5000}`)) ?? 'x';
  if (value !== value[0].repeat(value.length)) wrong(`a value was torn: ${value}`);
  looks++;
  slowest = Math.max(slowest, performance.now() - start);
  await delay(1);
}

async function settle() {
  for (const name of ['l0', 'l1', 'l2']) {
    await state.lock(name, () => {}, { timeout: 1000 }).catch((error) => wrong(error.message));
  }
  const job = state.runOnce('job', () => {});
  await delay(1000);
  if (!job.isLeader) wrong('the job of a dead process is still held');
  const total = await sum.get();
  // Each that was killed may have had one more done, and no time to note it.
  if (total < acknowledged + own || total > acknowledged + own + killed) {
    wrong(`sum ${total}, acknowledged ${acknowledged + own}, ${killed} kills`);
  }
  await state.close();
  checkIntegrity();
  const counts = `${killed} kills, ${acknowledged + own} additions acknowledged, sum ${total}, ${looks} looks`;
  console.log(`seed ${seed}: ${counts}, slowest ${slowest.toFixed(0)} ms, ${wrongs.length} wrong`);
  rmSync(directory, { recursive: true });
  process.exitCode = wrongs.length === 0 ? 0 : 1;
}

function checkIntegrity() {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const database = new DatabaseSync(join(store, 'store.db'));
  const [{ integrity_check: found }] = database.prepare('PRAGMA integrity_check').all();
  database.close();
  if (found !== 'ok') wrong(`integrity: ${found}`);
}
