import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Rest } from '../../../../src/http/server/served.ts';
import type { HandoffEnd } from '../../../../src/ipc/messages.ts';
import { monotonic } from '../../../../src/scoreboard/clock.ts';
import { DrainMoves } from '../../../../src/worker/migration/drain-moves.ts';

const OWN = 1;
const OTHER = 0;
/** The most connections that are on their way at once. */
const MOST = 16;
/** So many have to be taken before there are so many on the way. */
const TO_FILL = MOST - 1;
const WITHIN_MS = 400;

class FakeSocket {
  rest: Rest = 'free';
}

class Bench {
  readonly sockets: FakeSocket[] = [];
  readonly moved: Array<{ socket: FakeSocket; to: number; end: (how: HandoffEnd) => void }> = [];
  readonly closedUntil = new Float64Array(4);
  givenUp = 0;
  watched = 0;
  /** How often it was asked what happens on a connection. */
  asked = 0;
  onTheWay = 0;
  readonly moves: DrainMoves;

  /** How old the last beat of the other slot's worker is, ms. */
  silence = 0;

  constructor({ isSticky = false } = {}) {
    this.moves = new DrainMoves({
      migration: this.#migration,
      closedUntil: this.closedUntil,
      slot: () => OWN,
      isSticky,
      look: (now) => ({ slots: 2, beats: [now - this.silence, now], open: [5, 0], coming: [0, 0] }),
    });
    this.moves.whenGivenUp(() => void this.givenUp++);
  }

  add(count: number, rest: Rest = 'free'): FakeSocket[] {
    const added = Array.from({ length: count }, () => Object.assign(new FakeSocket(), { rest }));
    this.sockets.push(...added);
    return added;
  }

  free(socket: FakeSocket): void {
    this.moves.onFree(socket as unknown as Socket);
  }

  canMove(socket: FakeSocket): boolean {
    return this.moves.canMove(socket as unknown as Socket);
  }

  /** Ends moves that are on their way, the oldest first. */
  end(how: HandoffEnd, count: number): void {
    for (const { socket, end } of this.moved.splice(0, count)) {
      this.onTheWay--;
      if (how !== 'taken') this.sockets.push(Object.assign(socket, { rest: 'free' }));
      end(how);
    }
  }

  /** Has connections taken until as many are on their way as may be. */
  fill(): void {
    for (let taken = 0; taken < TO_FILL; taken++) this.end('taken', 1);
    assert.equal(this.onTheWay, MOST);
  }

  readonly #migration = ((bench: Bench): ConstructorParameters<typeof DrainMoves>[0]['migration'] => ({
    get onTheWay() {
      return bench.onTheWay;
    },
    watch: () => void bench.watched++,
    unwatch: () => undefined,
    sockets: () => bench.sockets as unknown as Socket[],
    restOf: (socket) => {
      bench.asked++;
      return (socket as unknown as FakeSocket).rest;
    },
    move: (one, to, _reason, end) => {
      const socket = one as unknown as FakeSocket;
      if (socket.rest !== 'free') return false;
      socket.rest = 'never';
      bench.sockets.splice(bench.sockets.indexOf(socket), 1);
      bench.onTheWay++;
      bench.moved.push({ socket, to, end });
      return true;
    },
  }))(this);
}

test('nothing moves before it begins, and nothing after it has stopped', async () => {
  const bench = new Bench();
  const [socket] = bench.add(1);
  bench.moves.look();
  bench.free(socket!);
  await nextTurn();
  assert.deepEqual([bench.moved.length, bench.canMove(socket!)], [0, false]);
  bench.moves.begin('slot', WITHIN_MS);
  assert.deepEqual([bench.watched, bench.canMove(socket!)], [0, true]);
  bench.moves.stop();
  bench.moves.look();
  assert.deepEqual([bench.moved.length, bench.canMove(socket!)], [0, false]);
});

test('idle ones go to the successor: one at first, and one more for each that is taken, up to so many', () => {
  const bench = new Bench();
  bench.add(TO_FILL + MOST + 20);
  bench.add(3, 'busy');
  bench.add(1, 'never');
  bench.moves.begin('slot', WITHIN_MS);
  bench.moves.look();
  assert.equal(bench.moved.length, 1);
  bench.moves.look();
  assert.equal(bench.moved.length, 1);
  bench.end('taken', 1);
  assert.equal(bench.moved.length, 2);
  bench.end('refused', 1);
  assert.equal(bench.moved.length, 2);
  for (let taken = 1; taken < TO_FILL; taken++) bench.end('taken', 1);
  assert.equal(bench.moved.length, MOST);
  bench.end('taken', 3);
  assert.equal(bench.moved.length, MOST);
  bench.moves.look();
  for (let rounds = 0; rounds < MOST + 17; rounds++) bench.end('taken', 1);
  bench.moves.look();
  bench.end('taken', 1);
  assert.deepEqual([bench.moved.length, bench.sockets.length], [0, 4]);
  assert.ok(bench.sockets.every(({ rest }) => rest !== 'free'));
});

test('of thousands some hundreds are looked at in a turn of the event loop, and nothing moves before all are known', async () => {
  const bench = new Bench();
  bench.add(2000);
  bench.moves.begin('slot', WITHIN_MS);
  bench.moves.look();
  for (let turn = 1; turn < 8; turn++) {
    assert.deepEqual([bench.asked, bench.moved.length], [256 * turn, 0]);
    // A look in between begins no other one.
    bench.moves.look();
    await nextTurn();
  }
  assert.equal(bench.asked, 2000);
  await delay(50);
  assert.ok(bench.moved.length > 0);
  bench.moves.stop();
});

test('a look that has not seen all is over when the moving is stopped', async () => {
  const bench = new Bench();
  bench.add(2000);
  bench.moves.begin('slot', WITHIN_MS);
  bench.moves.look();
  bench.moves.stop();
  await delay(20);
  assert.deepEqual([bench.asked, bench.moved.length], [256, 0]);
});

test('one that is answered goes a turn later, if it is free then', async () => {
  const bench = new Bench();
  bench.add(TO_FILL);
  const busy = bench.add(MOST + 1, 'busy');
  bench.moves.begin('slot', WITHIN_MS);
  bench.moves.look();
  while (bench.onTheWay > 0) bench.end('taken', 1);
  for (const socket of busy) bench.free(Object.assign(socket, { rest: 'free' }));
  assert.equal(bench.moved.length, 0);
  busy[0]!.rest = 'busy';
  await nextTurn();
  assert.equal(bench.moved.length, MOST);
  assert.ok(!bench.moved.some(({ socket }) => socket === busy[0]));
  assert.ok(bench.moved.every(({ to }) => to === OWN));
});

test('a slot that is no more: to another', () => {
  const bench = new Bench();
  bench.add(1);
  bench.moves.begin('any', WITHIN_MS);
  bench.moves.look();
  assert.deepEqual(
    bench.moved.map(({ to }) => to),
    [OTHER],
  );
});

test('a successor that refuses: to another; sticky, it waits, and then gives up', async () => {
  const bench = new Bench();
  bench.add(1);
  bench.closedUntil[OWN] = monotonic() + 60_000;
  bench.moves.begin('slot', WITHIN_MS);
  bench.moves.look();
  assert.deepEqual(
    bench.moved.map(({ to }) => to),
    [OTHER],
  );
  const sticky = new Bench({ isSticky: true });
  const [socket] = sticky.add(1);
  sticky.closedUntil[OWN] = monotonic() + 60_000;
  sticky.moves.begin('slot', WITHIN_MS);
  sticky.moves.look();
  assert.deepEqual([sticky.moved.length, sticky.givenUp, sticky.canMove(socket!)], [0, 0, true]);
  await delay(WITHIN_MS / 2 + 50);
  sticky.moves.look();
  assert.deepEqual([sticky.moved.length, sticky.givenUp, sticky.canMove(socket!)], [0, 1, false]);
});

test('as long as any is taken, or none is to move, it does not give up', async () => {
  const bench = new Bench();
  bench.add(1, 'busy');
  bench.moves.begin('slot', WITHIN_MS);
  await delay(WITHIN_MS / 2 + 50);
  bench.moves.look();
  assert.equal(bench.givenUp, 0);
  bench.add(3);
  for (let nth = 0; nth < 3; nth++) {
    bench.moves.look();
    await delay(WITHIN_MS / 4);
    bench.end('taken', 1);
    bench.moves.look();
    assert.equal(bench.givenUp, 0);
  }
});

test('what comes back again and again is given up', async () => {
  const bench = new Bench();
  bench.add(2);
  bench.moves.begin('slot', WITHIN_MS);
  const until = performance.now() + WITHIN_MS;
  while (performance.now() < until && bench.givenUp === 0) {
    bench.moves.look();
    await delay(20);
    bench.end('refused', 2);
  }
  assert.equal(bench.givenUp, 1);
});

test('a successor that is slow to answer is waited for', async () => {
  const bench = new Bench();
  bench.add(TO_FILL + MOST + 2);
  bench.moves.begin('slot', WITHIN_MS);
  bench.moves.look();
  bench.fill();
  for (let nth = 0; nth < 4; nth++) {
    bench.moves.look();
    await delay(WITHIN_MS / 4);
  }
  assert.deepEqual([bench.moved.length, bench.givenUp], [MOST, 0]);
  bench.end('taken', 1);
  bench.moves.look();
  assert.deepEqual([bench.moved.length, bench.givenUp], [MOST, 0]);
});

test('a worker that could not look for long does not take that for a standstill', async () => {
  const bench = new Bench();
  bench.add(1);
  bench.closedUntil.fill(monotonic() + 300);
  bench.moves.begin('slot', 2000);
  bench.moves.look();
  await delay(1200);
  bench.moves.look();
  assert.deepEqual([bench.moved.length, bench.givenUp], [1, 0]);
});

test('workers that have served for a while are sent more at first', () => {
  const bench = new Bench();
  bench.add(20);
  bench.moves.begin('any', WITHIN_MS);
  bench.moves.look();
  assert.equal(bench.moved.length, MOST);
});

test('other workers that are late with their beat are waited for, and get connections when they go on', async () => {
  const bench = new Bench();
  bench.add(1);
  bench.silence = 5000;
  bench.moves.begin('any', WITHIN_MS);
  for (let nth = 0; nth < 4; nth++) {
    bench.moves.look();
    await delay(WITHIN_MS / 4);
  }
  assert.deepEqual([bench.moved.length, bench.givenUp], [0, 0]);
  bench.silence = 0;
  bench.moves.look();
  assert.deepEqual([bench.moved.length, bench.givenUp], [1, 0]);
});

test('it progresses while one is on its way, or was taken not long ago and others are left', async () => {
  const bench = new Bench();
  bench.add(2);
  assert.equal(bench.moves.isProgressing, false);
  bench.moves.begin('slot', WITHIN_MS);
  assert.equal(bench.moves.isProgressing, false);
  bench.moves.look();
  assert.equal(bench.moves.isProgressing, true);
  bench.add(1, 'busy');
  bench.end('taken', 1);
  bench.end('taken', 1);
  assert.deepEqual([bench.onTheWay, bench.moves.isProgressing], [0, true]);
  await delay(WITHIN_MS / 2 + 50);
  assert.equal(bench.moves.isProgressing, false, 'what was taken is long ago by the time of the drain');
  bench.moves.stop();
  assert.equal(bench.moves.isProgressing, false);
});

test('when nothing is left that can move, what was taken a moment ago is no progress', () => {
  const bench = new Bench();
  bench.add(1);
  bench.add(3, 'never');
  bench.moves.begin('slot', WITHIN_MS);
  bench.moves.look();
  assert.equal(bench.moves.isProgressing, true);
  bench.end('taken', 1);
  assert.equal(bench.moves.isProgressing, false);
});

/** Has each connection taken as soon as it is on its way, until all have gone. @returns how long that took, ms, and the most on the way */
async function takeAll(bench: Bench): Promise<{ readonly took: number; readonly most: number }> {
  const begunAt = performance.now();
  let most = 0;
  bench.moves.look();
  while (bench.sockets.length > 0) {
    most = Math.max(most, bench.onTheWay);
    bench.end('taken', bench.onTheWay);
    await delay(1);
  }
  return { took: performance.now() - begunAt, most };
}

test('many idle ones go at a pace, few on the way at any moment', async () => {
  const bench = new Bench();
  bench.add(1000);
  bench.moves.begin('slot', 60_000);
  const { took, most } = await takeAll(bench);
  assert.ok(took > 500, `${took} ms`);
  assert.ok(most <= MOST, `${most} on the way`);
});

test('with less time than that, the pace is faster', async () => {
  // Another program can hold one of them up.
  const attempts: number[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const bench = new Bench();
    bench.add(1000);
    bench.moves.begin('slot', WITHIN_MS);
    attempts.push((await takeAll(bench)).took);
    if (attempts.at(-1)! < 500) return;
  }
  assert.fail(`${attempts.join(', ')} ms`);
});

test('while silent ones go at a pace, those that are answered stay, and then go after their next answer', async () => {
  const bench = new Bench();
  bench.add(1000);
  const [used] = bench.sockets;
  const [busy] = bench.add(1, 'busy');
  bench.moves.begin('slot', WITHIN_MS);
  bench.moves.look();
  for (let turn = 0; turn < 4; turn++) await nextTurn();
  bench.free(Object.assign(busy!, { rest: 'free' }));
  bench.free(used!);
  while (bench.sockets.length > 2) {
    bench.end('taken', bench.onTheWay);
    await delay(1);
  }
  bench.end('taken', bench.onTheWay);
  assert.deepEqual(
    bench.sockets.map((socket) => socket === busy || socket === used),
    [true, true],
  );
  bench.free(busy!);
  await nextTurn();
  assert.equal(bench.moved[0]?.socket, busy);
  bench.moves.look();
  assert.equal(bench.sockets.length, 0, 'the look finds the rest');
});

test('one that is answered before the first look moves after it', async () => {
  const bench = new Bench();
  const [socket] = bench.add(1);
  bench.moves.begin('slot', WITHIN_MS);
  bench.free(socket!);
  await nextTurn();
  assert.equal(bench.moved.length, 0);
  bench.moves.look();
  assert.equal(bench.moved.length, 1);
});

test('a later look does not keep those that are answered meanwhile', async () => {
  const bench = new Bench();
  const busy = bench.add(1000, 'busy');
  bench.moves.begin('slot', WITHIN_MS);
  bench.moves.look();
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  // This look sees a part of a thousand in each turn.
  bench.moves.look();
  busy[0]!.rest = 'free';
  bench.free(busy[0]!);
  await nextTurn();
  assert.deepEqual(
    bench.moved.map(({ socket }) => socket),
    [busy[0]],
  );
  bench.moves.stop();
});

test('when the moving stops or begins anew in the middle, none goes twice and none is left', async () => {
  const bench = new Bench();
  bench.add(600);
  bench.moves.begin('slot', 60_000);
  bench.moves.look();
  bench.moves.stop();
  await delay(30);
  assert.equal(bench.moved.length, 0);
  bench.moves.begin('slot', WITHIN_MS);
  await takeAll(bench);
  assert.equal(bench.sockets.length, 0);
});
