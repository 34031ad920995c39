import { noMoves } from '../../../../src/contract/moves.ts';
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Rest } from '../../../../src/http/server/served.ts';
import type { HandoffEnd, MoveReason } from '../../../../src/ipc/messages.ts';
import { Board } from '../../../../src/scoreboard/board.ts';
import { monotonic } from '../../../../src/scoreboard/clock.ts';
import { BLANK } from '../../../../src/scoreboard/record.ts';
import { Writer } from '../../../../src/scoreboard/writer.ts';
import { Heat } from '../../../../src/worker/balancing/heat.ts';
import { Leveller } from '../../../../src/worker/balancing/leveller.ts';
import { poll } from '../../../support/watched.ts';
import { temporaryDirectory } from '../../scoreboard/helpers.ts';

const OWN = 0;
const OTHER = 1;
/** The most connections that are on their way at once. */
const MOST = 8;
const BEAT_MS = 250;
/** So many beats are enough for something to move. */
const BEATS_MS = 3 * BEAT_MS;

class FakeSocket {
  destroyed = false;
  rest: Rest = 'free';
  /** A part of a request has come. */
  receives: 'head' | 'body' | undefined;
  answeringSince: number | undefined;
  /** Where the server itself tells it. */
  since: number | undefined;
  arrivedAt: number | undefined;
}

interface Moved {
  readonly socket: FakeSocket;
  readonly to: number;
  readonly reason: MoveReason;
  readonly end: (how: HandoffEnd) => void;
}

/** A worker in slot 0, and the row of another one in slot 1. That one beats, and has as many connections as the test says. */
class Bench {
  readonly sockets: FakeSocket[] = [];
  readonly moved: Moved[] = [];
  readonly closedUntil = new Float64Array(2);
  readonly #writers: Writer[];
  readonly heat = new Heat();
  isServing = true;
  /** How often the leveller has asked whether the worker serves: each look begins with it. */
  looks = 0;
  others = 0;
  accepted = 0;
  readonly moves = { in: 0, fromLeavers: 0, out: 0, ends: noMoves() };
  utilization: [own: number, other: number] = [0.1, 0.1];
  onTheWay = 0;
  isWatched = false;
  onFree: ((socket: Socket) => void) | undefined;

  /** @param slots those beyond the second have as many connections as that one. */
  constructor(t: TestContext, slots = 2) {
    const rows = Array.from({ length: slots }, (_, row) => row);
    const board = Board.create({ name: 'leveller', rows: slots, directories: [temporaryDirectory(t)] });
    this.#writers = rows.map((row) => Writer.open(board.path, row));
    const timer = setInterval(() => rows.slice(OTHER).forEach((row) => this.#write(row)), 5);
    t.after(() => {
      this.isServing = false;
      clearInterval(timer);
      clearInterval(beats);
      for (const writer of this.#writers) writer.close();
      board.close();
    });
    let onBeat: (beat: number) => void = () => {};
    const beats = setInterval(() => {
      this.#write(OWN);
      onBeat(monotonic());
    }, BEAT_MS);
    const none = (): Uint8Array => new Uint8Array(2);
    const pairs = { unanswered: none(), sent: none(), arrived: none() };
    const handoffs = {
      pairs,
      heard: new Float64Array(2),
      closedUntil: this.closedUntil,
      moves: this.moves,
    };
    Leveller.start({
      migration: this.#migration,
      handoffs,
      // A connection that moves has neither been closed nor been accepted elsewhere.
      servers: { open: () => this.sockets.length, accepted: () => this.accepted },
      requests: {
        tellFree: (onFree) => void (this.onFree = onFree),
        answeringSince: (socket) => (socket as unknown as FakeSocket).answeringSince,
      },
      vitals: { onBeat: (listener) => void (onBeat = listener) },
      heat: this.heat,
      arrivedAt: (socket) => (socket as unknown as FakeSocket).arrivedAt,
      slot: () => OWN,
      isServing: () => {
        this.looks++;
        return this.isServing;
      },
      board: board.path,
    });
  }

  add(count: number, what: Partial<FakeSocket> = {}): FakeSocket[] {
    const added = Array.from({ length: count }, () => Object.assign(new FakeSocket(), what));
    this.sockets.push(...added);
    this.accepted += count;
    return added;
  }

  /** A connection ends for which another one comes. */
  replace(): void {
    const [ended] = this.sockets.splice(0, 1);
    if (ended !== undefined) ended.destroyed = true;
    this.add(1);
  }

  /** A connection of another worker comes, and one goes: there are as many as before. */
  pass(reason: MoveReason): void {
    this.moves.in++;
    this.moves.out++;
    if (reason === 'drain') this.moves.fromLeavers++;
  }

  /** Ends moves that are on their way. */
  end(how: HandoffEnd, moved: readonly Moved[]): void {
    for (const { socket, end } of moved) {
      this.onTheWay--;
      if (how === 'taken') {
        this.others++;
        this.accepted--;
      } else this.sockets.push(Object.assign(socket, { rest: 'free' }));
      end(how);
    }
  }

  async settled(): Promise<void> {
    await delay(BEATS_MS);
  }

  #write(slot: number): void {
    const connectionsOpen = slot === OWN ? this.sockets.length : this.others;
    const utilization = this.utilization[slot] ?? this.utilization[OTHER];
    this.#writers[slot]!.write({
      ...BLANK,
      slot,
      state: 'ready',
      heartbeat: monotonic(),
      connectionsOpen,
      utilization,
    });
  }

  readonly #migration = ((bench: Bench): Parameters<typeof Leveller.start>[0]['migration'] => ({
    get onTheWay() {
      return bench.onTheWay;
    },
    watch: () => void (bench.isWatched = true),
    unwatch: () => void (bench.isWatched = false),
    sockets: () => [...bench.sockets] as unknown as Socket[],
    *receiving() {
      for (const one of bench.sockets) {
        if (one.receives !== undefined)
          yield { socket: one as unknown as Socket, part: one.receives, since: one.since };
      }
    },
    restOf: (socket) => (socket as unknown as FakeSocket).rest,
    move: (one, to, reason, end) => {
      const socket = one as unknown as FakeSocket;
      if (socket.rest !== 'free') return false;
      socket.rest = 'never';
      bench.sockets.splice(bench.sockets.indexOf(socket), 1);
      bench.onTheWay++;
      bench.moved.push({ socket, to, reason, end });
      return true;
    },
  }))(this);
}

/** Does something once for each so many ms that have passed, also after the process has stood still. @returns what ends it */
function everySoOften(ms: number, act: () => void): () => void {
  let next = performance.now() + ms;
  const timer = setInterval(() => {
    for (; next <= performance.now(); next += ms) act();
  }, ms);
  return () => clearInterval(timer);
}

const some = (bench: Bench, count: number): Promise<unknown> =>
  poll(() => bench.moved.length >= count || undefined, `${count} moves`);

test('it gives what it has more than its share of, so many at once, and no more', async (t) => {
  const bench = new Bench(t);
  bench.add(24);
  await some(bench, MOST);
  assert.equal(bench.moved.length, MOST);
  bench.end('taken', bench.moved.slice(0, MOST));
  await some(bench, 12);
  bench.end('taken', bench.moved.slice(MOST));
  await bench.settled();
  assert.equal(bench.moved.length, 12);
  assert.deepEqual(new Set(bench.moved.map(({ to, reason }) => `${reason} to ${to}`)), new Set([`level to ${OTHER}`]));
});

test('without connections it looks at nobody', async (t) => {
  const bench = new Bench(t);
  bench.others = 8;
  await bench.settled();
  assert.equal(bench.looks, 0);
  bench.add(10);
  await some(bench, 1);
});

test('without connections a worker that was hot looks on: what it remembers of that has to fade', async (t) => {
  const bench = new Bench(t);
  bench.heat.gave(1);
  await poll(() => bench.looks > 0 || undefined, 'a look');
});

test('pinned ones stay, and those that have just come', async (t) => {
  const bench = new Bench(t);
  bench.add(8, { rest: 'never' });
  bench.add(8, { arrivedAt: monotonic() + 60_000 });
  const [old] = bench.add(1, { arrivedAt: monotonic() - 60_000 });
  await some(bench, 1);
  await bench.settled();
  assert.deepEqual(
    bench.moved.map(({ socket }) => socket),
    [old],
  );
});

test('of those that can move it keeps as many as the other has, however many it has that cannot', async (t) => {
  const bench = new Bench(t);
  bench.add(100, { rest: 'never' });
  bench.add(12);
  bench.others = 6;
  await some(bench, 3);
  bench.end('taken', bench.moved);
  await bench.settled();
  assert.equal(bench.moved.length, 3);
});

for (const [receives, age, moves] of [
  ['head', 0, 3],
  ['body', 1500, 3],
  ['body', -60_000, 7],
  // The application has answered before the body has come.
  ['body', undefined, 3],
] as const) {
  const how =
    age === undefined
      ? 'that is answered already cannot move'
      : age < 0
        ? 'that has just begun can move'
        : 'cannot move';
  test(`those with a part of a ${receives} ${how}, for the plan`, async (t) => {
    const bench = new Bench(t);
    bench.others = 6;
    const answeringSince = receives === 'body' && age !== undefined ? performance.now() - age : undefined;
    bench.add(100, { rest: 'busy', receives, answeringSince });
    bench.add(12);
    await some(bench, moves);
    bench.end('taken', bench.moved);
    await bench.settled();
    assert.ok(moves === 3 ? bench.moved.length === 3 : bench.moved.length >= moves, `${bench.moved.length} moves`);
  });
}

for (const [what, age, moves] of [
  ['has not come whole for long cannot', 1500, 3],
  ['has just begun can', -60_000, 7],
] as const) {
  test(`where the server tells since when it waits, those whose body ${what} move, for the plan`, async (t) => {
    const bench = new Bench(t);
    bench.others = 6;
    bench.add(100, { rest: 'busy', receives: 'body', since: performance.now() - age });
    bench.add(12);
    await some(bench, moves);
    bench.end('taken', bench.moved);
    await bench.settled();
    assert.ok(moves === 3 ? bench.moved.length === 3 : bench.moved.length >= moves, `${bench.moved.length} moves`);
  });
}

test('while its connections that cannot move are all that it has too many, it is hot if they keep it busy', async (t) => {
  const bench = new Bench(t);
  bench.add(100, { rest: 'never' });
  const [first] = bench.add(8);
  bench.others = 8;
  bench.utilization = [0.95, 0.2];
  await poll(() => bench.onFree, 'the wish to hear of answers');
  for (const socket of bench.sockets.filter(({ rest }) => rest === 'free')) bench.onFree!(socket as unknown as Socket);
  await some(bench, 1);
  await nextTurn();
  // A sixteenth of those that can move.
  assert.deepEqual(
    bench.moved.map(({ reason, socket }) => [reason, socket]),
    [['heat', first]],
  );
});

test('one that is in use goes when it has been answered', async (t) => {
  const bench = new Bench(t);
  const [first, second] = bench.add(2, { rest: 'busy' });
  await poll(() => bench.onFree, 'the wish to hear of answers');
  assert.ok(bench.isWatched);
  bench.onFree!(second as unknown as Socket);
  second!.rest = 'free';
  await nextTurn();
  assert.deepEqual(
    bench.moved.map(({ socket }) => socket),
    [second],
  );
  first!.rest = 'free';
  bench.end('taken', bench.moved);
  await poll(() => bench.onFree === undefined || undefined, 'no more wish to hear of answers');
  assert.ok(!bench.isWatched, 'requests cost nothing more');
  assert.equal(bench.moved.length, 1);
});

test('after a refusal nothing more goes there in this beat', async (t) => {
  const bench = new Bench(t);
  bench.add(24);
  await some(bench, MOST);
  bench.closedUntil[OTHER] = Infinity;
  bench.end('refused', bench.moved.slice(0, MOST));
  await bench.settled();
  assert.equal(bench.moved.length, MOST);
  bench.closedUntil[OTHER] = 0;
  await some(bench, MOST + 1);
});

test('connections that end as fast as they come are left alone, and so is all in a worker that does not serve', async (t) => {
  const bench = new Bench(t);
  bench.isServing = false;
  bench.add(24);
  const stop = everySoOften(5, () => bench.replace());
  t.after(stop);
  await bench.settled();
  bench.isServing = true;
  await bench.settled();
  assert.deepEqual(bench.moved, []);
  stop();
  await some(bench, 1);
});

test('those that stay are given, however many others come and go', async (t) => {
  const bench = new Bench(t);
  bench.add(24);
  t.after(everySoOften(5, () => void bench.accepted++));
  await some(bench, MOST);
  bench.end('taken', bench.moved.slice(0, MOST));
  await some(bench, 12);
});

test('while connections come from a worker that leaves, it gives none and watches none; heat is judged, and is not of its own', async (t) => {
  const bench = new Bench(t);
  const judged = t.mock.method(bench.heat, 'judge').mock;
  bench.add(64);
  const stop = everySoOften(5, () => bench.pass('drain'));
  t.after(stop);
  bench.utilization = [0.95, 0.2];
  await poll(() => judged.callCount() >= 3 || undefined, 'three looks');
  assert.deepEqual([bench.moved, bench.isWatched, bench.heat.isCool], [[], false, true]);
  stop();
  await some(bench, 1);
});

test('connections that come one by one from workers which go on serving do not keep it from giving, few as it has', async (t) => {
  const bench = new Bench(t);
  bench.add(8);
  // At each beat one has come since the last.
  t.after(everySoOften(BEAT_MS / 2, () => bench.pass('level')));
  await some(bench, 1);
});

test('hot: one of those in use goes to the other', async (t) => {
  const bench = new Bench(t);
  bench.others = 8;
  const [first] = bench.add(8);
  bench.utilization = [0.95, 0.2];
  await poll(() => bench.onFree, 'the wish to hear of answers');
  assert.equal(bench.moved.length, 0);
  bench.onFree!(first as unknown as Socket);
  await some(bench, 1);
  assert.deepEqual(
    bench.moved.map(({ reason, socket }) => [reason, socket]),
    [['heat', first]],
  );
});

test('many slots are looked at less often: what all looks cost together grows with the workers, and not with their square', async (t) => {
  const looks: number[] = [];
  for (const slots of [2, 97]) {
    const bench = new Bench(t, slots);
    bench.add(1);
    bench.others = 1;
    await delay(4 * BEAT_MS);
    const before = bench.looks;
    await delay(8 * BEAT_MS);
    looks.push(bench.looks - before);
  }
  const [few, many] = looks as [number, number];
  assert.ok(many >= 1 && many <= few / 2, `${few} of 2 slots, ${many} of 97`);
});

/** So many slots are looked at every second beat. */
const MANY = 33;

test('with many slots it counts what has ended in a beat, and not since the last look', async (t) => {
  const bench = new Bench(t, MANY);
  bench.add(64);
  bench.others = 60;
  // That is one in ten of its own within a beat, and one in five between two looks. Of those it would give none for chance.
  t.after(everySoOften(45, () => bench.replace()));
  await some(bench, 3);
});

test('with many slots it counts what came from workers that leave in a beat, and not since the last look', async (t) => {
  const bench = new Bench(t, MANY);
  bench.add(4200);
  bench.others = 4200;
  // A worker that has 4200 is filled by more than four that come within a beat, where there are so many others.
  t.after(everySoOften(80, () => bench.pass('drain')));
  await poll(() => bench.looks > 1 || undefined, 'two looks');
  bench.others = 4100;
  await some(bench, 1);
});

test('with many slots, for how long it has been hot is told in beats', async (t) => {
  const bench = new Bench(t, MANY);
  const judged = t.mock.method(bench.heat, 'judge').mock;
  bench.add(8);
  bench.others = 8;
  await poll(() => judged.callCount() > 0 || undefined, 'a look');
  assert.equal(judged.calls[0]!.arguments[0].beats, 2);
});
