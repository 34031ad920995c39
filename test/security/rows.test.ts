/** Tests hostile rows of the scoreboard, which all workers may write: rows that are well sealed and make no sense. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { conforms } from '../../src/control/status/conforms.ts';
import { statusSchema } from '../../src/control/status/status-schema.ts';
import { monotonic } from '../../src/scoreboard/clock.ts';
import { ROW_BYTES, rowOffset, STATES, type Row, type State } from '../../src/scoreboard/layout.ts';
import { boardDirectories } from '../../src/scoreboard/place.ts';
import { Reader } from '../../src/scoreboard/reader.ts';
import { BLANK, encodeRow, viewOf } from '../../src/scoreboard/record.ts';
import { serve, type App } from '../support/app.ts';
import { ask, connected, get } from '../support/http.ts';
import { NOBODY, noOtherUser } from '../support/platform.ts';
import { Random } from '../support/random.ts';
import { serveAsNobody } from '../support/separated.ts';
import { poll } from '../support/watched.ts';

const COUNT = Number(process.env['FUZZ_ROWS'] ?? 300);

const numbers = [NaN, Infinity, -Infinity, -1, 0, -0, 1, 1e308, -1e308, 5e-324, 2 ** 53, 2 ** 31, 0.5];
const states = Object.keys(STATES) as State[];

function boardOf({ pid }: App): string {
  for (const directory of boardDirectories()) {
    const name = readdirSync(directory).find((file) => file.includes(`-${pid}-`) && file.endsWith('.board'));
    if (name !== undefined) return join(directory, name);
  }
  throw new Error('the server has no scoreboard');
}

function anyRow(random: Random, pids: readonly number[]): Row {
  const row: Row = {
    ...BLANK,
    durations: BLANK.durations.map(() => random.pick(numbers)),
    latencies: BLANK.latencies.map(() => random.pick(numbers)),
  };
  for (const name of Object.keys(row) as Array<keyof Row>) {
    if (name !== 'durations' && name !== 'latencies' && name !== 'state') row[name] = random.pick(numbers);
  }
  row.pid = random.pick(pids);
  row.state = random.pick(states);
  // A worker that seems to hang is helped by others, which is only a part of what this test tries.
  if (random.chance(0.7)) row.heartbeat = monotonic();
  return row;
}

/** Yields every number in a value, at any depth. */
function* numbersIn(value: unknown): Generator<number> {
  if (typeof value === 'number') yield value;
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) yield* numbersIn(one);
}

test(
  `the primary answers after each of ${COUNT} rows that make no sense`,
  { timeout: 60_000 + 200 * COUNT },
  async () => {
    const options = ['--workers', '2', '--balance', 'least-connections', '--max-requests', '1000000'];
    await using app = await serve({ entry: 'hello.js', options: [...options, '--heartbeat-timeout', '0'] });
    const random = new Random(1);
    const fd = openSync(boardOf(app), 'r+');
    try {
      for (let nth = 1; nth <= COUNT; nth++) {
        const bytes = new Uint8Array(ROW_BYTES);
        encodeRow(viewOf(bytes), anyRow(random, [...app.workers.values(), app.pid, 0]), nth);
        writeSync(fd, bytes, 0, ROW_BYTES, rowOffset(random.between(0, 3)));
        const { status, body } = await get({ socketPath: app.controlSockets[0]! }, { path: '/status' });
        assert.equal(status, 200, `after row ${nth}`);
        for (const number of numbersIn(JSON.parse(body))) assert.ok(number >= 0, `${number} after row ${nth}`);
        // The commands check the status in the same way, and show no other.
        assert.ok(conforms(JSON.parse(body), statusSchema), `after row ${nth}: ${body}`);
        // What autoscaling and a canary decide by comes from the kernel where it knows, and from no row.
        const memory = [...body.matchAll(/"rss":(\d+)/g)].map(([, bytes]) => Number(bytes));
        assert.ok(
          memory.every((bytes) => bytes === 0 || (bytes > 2 ** 24 && bytes < 2 ** 30)),
          `after row ${nth}: ${memory.join()}`,
        );
        assert.doesNotMatch(body, /"(?:connectionsOpen|rss|utilization|requestsFinished)":null/, `after row ${nth}`);
      }
    } finally {
      closeSync(fd);
    }
    assert.deepEqual(app.events('fault of prefork'), []);
  },
);

/** Does something to the file. What it may return ends what goes on, and is called when others have booted. */
type Harm = (path: string) => void | (() => void);
const harms: ReadonlyArray<[what: string, harm: Harm]> = [
  ['zeroes its header', (path) => writeAt(path, new Uint8Array(ROW_BYTES), 0)],
  ['cuts it to nothing', (path) => truncateSync(path, 0)],
  [
    'cuts it to nothing as long as others boot',
    (path) => {
      const cut = setInterval(() => truncateSync(path, 0), 1);
      return () => clearInterval(cut);
    },
  ],
  ['closes it to others', (path) => chmodSync(path, 0)],
  ['removes it', (path) => unlinkSync(path)],
  [
    'moves it',
    (path) => {
      renameSync(path, `${path}.away`);
      return () => rmSync(`${path}.away`);
    },
  ],
  [
    'puts a directory in its place',
    (path) => {
      unlinkSync(path);
      mkdirSync(path);
      writeFileSync(`${path}/in-it`, '');
      if (noOtherUser === false) chownSync(path, NOBODY, NOBODY);
      return () => rmSync(movedAside(path), { recursive: true });
    },
  ],
];

function writeAt(path: string, bytes: Uint8Array, position: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

/** Returns all rows; none while the file is not as it should be. */
function rowsOf(board: string): Array<Row | undefined> {
  let reader: Reader | undefined;
  try {
    reader = Reader.open(board);
    return reader.readAll();
  } catch {
    return [];
  } finally {
    reader?.close();
  }
}

/** The primary moves a directory away, which stays where something is in it. */
function movedAside(path: string): string {
  const names = readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.`));
  return names.map((name) => join(dirname(path), name)).find((one) => existsSync(join(one, 'in-it')))!;
}

for (const [what, harm] of harms) {
  test(`who ${what} keeps no later worker from its row, and one that hangs is ended, also when its row is torn then`, async () => {
    const options = ['--workers', '2', '--heartbeat-timeout', '3s'];
    // Root's workers may open what is closed to others.
    const start = noOtherUser === false ? serveAsNobody : serve;
    await using app = await start({ entry: 'hangs-on-request.js', options });
    const board = boardOf(app);
    const end = harm(board);
    app.signal('SIGHUP');
    await app.event('reload done');
    end?.();
    // The workers before them may drain still, and write rows of their own.
    const later = [...app.workers.values()];
    const haveRows = (): boolean => later.every((pid) => rowsOf(board).some((row) => row?.pid === pid));
    await poll(() => haveRows() || undefined, 'the rows of the later workers');
    const socket = await connected(app.target);
    socket.on('error', () => {}).write('GET /spin HTTP/1.1\r\nHost: x\r\n\r\n');
    const { slot, pid } = (await app.event('worker hung')).fields;
    const row = rowsOf(board).findIndex((one) => one?.pid === Number(pid));
    assert.ok(row >= 0);
    writeAt(board, new Uint8Array(8).fill(1), rowOffset(row));
    await app.event('worker given up', { slot: slot!, pid: pid! });
    await app.event('worker ready', { slot: slot! }, 3);
    assert.deepEqual(app.events('fault of prefork'), []);
  });
}

test('torn rows that no worker has do not spread the connections of one client', { timeout: 60_000 }, async () => {
  const options = ['--workers', '3', '--balance', 'sticky-ip'];
  await using app = await serve({ entry: 'hello.js', options });
  const board = boardOf(app);
  const answers = new Set<string>();
  for (let nth = 0; nth < 60; nth++) {
    writeAt(board, new Uint8Array(8).fill(1), rowOffset(63));
    answers.add(await ask(app.target));
  }
  assert.equal(answers.size, 1);
});
