// What could keep the state, bare, in turns: node:sqlite as we use it, and npm's lmdb. One process after another operation, then
// two processes at once; then lmdb's writers are killed with SIGKILL in the middle of transactions, as bench/state/torture.js does
// to ours.
// npm install --no-save lmdb && node bench/state/engines.js [turns] [kills]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { open } from 'lmdb';

const value = 'x'.repeat(200);
const [, , first = '9', kills = '500', directory, count] = process.argv;
const roles = { measure, add, die };
await (roles[first] ?? measure)();

/** The hot queries of src/state/embedded/, without what we do around them. */
function openSqlite(directory) {
  const db = new DatabaseSync(join(directory, 'sqlite.db'));
  db.exec('PRAGMA page_size = 8192; PRAGMA busy_timeout = 5000');
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 400');
  db.exec(`CREATE TABLE IF NOT EXISTS area(id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, size INTEGER, fresh REAL,
    expires REAL, visited INTEGER, kind INTEGER, value)`);
  const query = (sql) => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const find = query('SELECT id, fresh, expires, visited, kind, value FROM area WHERE key = ?');
  const put = query(`INSERT INTO area(key, size, fresh, expires, visited, kind, value) VALUES (?, ?, ?, ?, 0, 1, ?)
    ON CONFLICT(key) DO UPDATE SET size = excluded.size, fresh = excluded.fresh, expires = excluded.expires, visited = 1,
    value = excluded.value RETURNING id`);
  const [begin, commit] = [query('BEGIN IMMEDIATE'), query('COMMIT')];
  const transaction = (work) => {
    begin.run();
    work();
    commit.run();
  };
  const get = (key) => find.get(key)?.[5];
  const set = (key, text) => put.get(key, text.length ?? 8, 1e15, 1e15, text);
  return {
    get,
    set,
    transaction,
    add: () => transaction(() => set('sum', (get('sum') ?? 0) + 1)),
    close: () => db.close(),
  };
}

/** A head of 17 bytes, as kind, fresh and expires would take, then the text. */
function openLmdb(directory) {
  const db = open({ path: join(directory, 'lmdb.mdb'), encoding: 'binary', noSync: true, mapSize: 2 ** 28 });
  const get = (key) => {
    const bytes = db.getBinaryFast(key);
    return bytes && bytes.readDoubleBE(1) > 0 ? bytes.toString('latin1', 17, bytes.length) : undefined;
  };
  const set = (key, text) => {
    const bytes = Buffer.allocUnsafe(17 + text.length);
    bytes[0] = 1;
    bytes.writeDoubleBE(1e15, 1);
    bytes.writeDoubleBE(1e15, 9);
    bytes.latin1Write(text, 17);
    db.putSync(key, bytes);
  };
  const transaction = (work) => db.transactionSync(work);
  const add = () => transaction(() => set('sum', String(Number(get('sum') ?? 0) + 1)));
  return { get, set, transaction, add, readerCheck: () => db.readerCheck(), close: () => db.close() };
}

async function measure() {
  const directory = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'prefork-bench-'));
  const engines = { 'node:sqlite': openSqlite(directory), lmdb: openLmdb(directory) };
  for (const { set, transaction } of Object.values(engines)) {
    transaction(() => {
      for (let i = 0; i < 10_000; i++) set(`user:${i}`, value);
    });
  }
  const cases = {
    get: [50_000, ({ get }, i) => get(`user:${(i * 7) % 10_000}`)],
    'set, each by itself': [
      5000,
      ({ set, transaction }, i) => transaction(() => set(`user:${(i * 7) % 10_000}`, value)),
    ],
    'set, 100 in one': [
      200,
      ({ set, transaction }, i) =>
        transaction(() => {
          for (let at = 0; at < 100; at++) set(`user:${(i * 100 + at * 7) % 10_000}`, value);
        }),
      100,
    ],
    add: [5000, ({ add }) => add()],
  };
  const times = {};
  for (let turn = 0; turn < (Number(first) || 9); turn++) {
    for (const [what, [count, run, each = 1]] of Object.entries(cases)) {
      for (const [name, engine] of Object.entries(engines)) {
        const start = process.hrtime.bigint();
        for (let i = 0; i < count; i++) run(engine, i);
        (times[`${what}: ${name}`] ??= []).push(Number(process.hrtime.bigint() - start) / count / each / 1000);
      }
    }
    for (const name of Object.keys(engines))
      (times[`add, two processes: ${name}`] ??= []).push(await addAtOnce(name, directory));
  }
  for (const { close } of Object.values(engines)) await close();
  for (const [what, all] of Object.entries(times)) {
    const sorted = all.toSorted((a, b) => a - b);
    console.log(
      `${what} ${sorted[sorted.length >> 1].toFixed(2)} µs [${sorted[0].toFixed(2)} to ${sorted.at(-1).toFixed(2)}]`,
    );
  }
  await kill(directory);
  rmSync(directory, { recursive: true });
}

async function addAtOnce(name, directory) {
  const children = [1, 2].map(() => fork(process.argv[1], ['add', name, directory, '10000']));
  const took = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
  return took.reduce((sum, time) => sum + time, 0) / 2;
}

function add() {
  const engine = (kills === 'lmdb' ? openLmdb : openSqlite)(directory);
  const start = process.hrtime.bigint();
  for (let i = 0; i < Number(count); i++) engine.add();
  process.send(Number(process.hrtime.bigint() - start) / Number(count) / 1000);
  engine.close();
  process.disconnect();
}

/** Writes pairs that have to be equal, and reads. */
function die() {
  const engine = openLmdb(directory);
  const turn = (i) => {
    engine.transaction(() => {
      const next = String(Number(engine.get('one') ?? 0) + 1);
      engine.set('one', next);
      engine.set(`k${i % 1000}`, String.fromCharCode(97 + (i % 26)).repeat(100 + ((i * 37) % 3000)));
      engine.set('other', next);
    });
    engine.get(`k${(i * 7) % 1000}`);
  };
  process.send('begun');
  for (let i = 0; ; i++) turn(i);
}

async function kill(parent) {
  const directory = mkdtempSync(join(parent, 'killed-'));
  const engine = openLmdb(directory);
  const file = join(directory, 'lmdb.mdb');
  let [killed, wrong, slowest, largest] = [0, 0, 0, 0];
  const victims = Array.from({ length: 3 }, async () => {
    for (; killed < Number(kills); killed++) {
      const victim = fork(process.argv[1], ['die', '', directory]);
      await once(victim, 'message');
      await delay(Math.random() * 60);
      victim.kill('SIGKILL');
      await once(victim, 'exit');
      engine.readerCheck();
    }
  });
  let isOver = false;
  void Promise.all(victims).then(() => (isOver = true));
  for (let i = 0; !isOver; i++) {
    const start = performance.now();
    engine.transaction(() => {
      const text = engine.get(`k${i % 1000}`) ?? 'x';
      if (engine.get('one') !== engine.get('other') || text !== text[0].repeat(text.length)) wrong++;
    });
    slowest = Math.max(slowest, performance.now() - start);
    largest = Math.max(largest, statSync(file).size);
    await delay(1);
  }
  console.log(
    `lmdb: ${killed} kills, ${wrong} torn, slowest ${slowest.toFixed(0)} ms, file ${(largest / 2 ** 20).toFixed(1)} MB`,
  );
  await engine.close();
}
