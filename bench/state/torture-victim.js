// One life of bench/state/torture.js: it does everything that writes, all at once, until it is killed.
import { openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openState } from '../../dist/state.js';

const [, , store, notes, life, seed] = process.argv;
const state = await openState({ path: store, maxSize: '64mb' });
const cache = state.cache('c', { maxSize: '4mb', ttl: '1s' });
const computed = state.cache('computed', { maxSize: '4mb', ttl: 40 });
const talk = state.channel('talk');
const sum = state.counter('sum');

// What was acknowledged is noted in a file, which a kill cannot take back.
const fd = openSync(join(notes, `acknowledged-${life}`), 'w+');
const acknowledged = new Float64Array(2);
const note = (index) => {
  acknowledged[index]++;
  writeSync(fd, new Uint8Array(acknowledged.buffer), 0, 16, 0);
};

let last = Number(seed);
const random = (below) => {
  last = (Math.imul(last, 1664525) + 1013904223) >>> 0;
  return Math.floor((last / 2 ** 32) * below);
};

process.send('begun');
state.runOnce('job', (signal, token) => {
  enter('job', token);
  signal.addEventListener('abort', () => leave('job'), { once: true });
});
for (let i = 1; ; i++) {
  const letter = String.fromCharCode(97 + random(26));
  const [lock, key] = [`l${random(3)}`, `k${random(5)}`];
  await Promise.all([
    cache.set(`k${random(5000)}`, letter.repeat(100 + random(5000))),
    sum.add(1).then(() => note(0)),
    state.lock(lock, (_, token) => alone(lock, token), { timeout: '20s' }),
    computed.getOrCompute(key, () => alone(key).then(() => letter.repeat(500))),
    cache.update('pair', ([a] = [0]) => [a + 1, a + 1]),
    talk.send([life, i]).then(() => note(1)),
    random(10) === 0 ? cache.delete(`k${random(5000)}`) : cache.get(`k${random(5000)}`),
  ]);
}

async function alone(name, token) {
  enter(name, token);
  await new Promise(setImmediate);
  leave(name);
}

/** Says that this process is in there, once it is sure that nobody else alive is, nor came with a later token. */
function enter(name, token = Infinity) {
  const [pid, other] = read(join(notes, name)).split(' ').map(Number);
  if (pid > 0 && isAlive(pid)) process.send(`${pid} and ${process.pid} are both in '${name}'`);
  if (Number.isFinite(other) && other >= token) process.send(`'${name}' had token ${other}, and then ${token}`);
  writeFileSync(join(notes, name), `${process.pid} ${token}`);
}

function leave(name) {
  rmSync(join(notes, name), { force: true });
}

/** One that was killed and that nobody has waited for yet is not. */
function isAlive(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== '' && !/\) [ZX] /.test(stat);
}

function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
