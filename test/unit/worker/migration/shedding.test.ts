import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Rest } from '../../../../src/http/server/served.ts';
import type { HandoffEnd } from '../../../../src/ipc/messages.ts';
import { Leaving } from '../../../../src/http/server/leaving.ts';
import { DrainMoves } from '../../../../src/worker/migration/drain-moves.ts';
import { Shedding } from '../../../../src/worker/migration/shedding.ts';

const OWN = 1;
const LONG_MS = 60_000;

class FakeSocket {
  rest: Rest = 'free';
}

/** A worker with connections, whose moves the test ends. */
class Bench {
  readonly sockets: FakeSocket[] = [];
  readonly moved: Array<{ to: number; end: (how: HandoffEnd) => void }> = [];
  /** What the requests were told: whether connections that can move are spared, or that all stay. */
  readonly told: string[] = [];
  isEmpty: boolean | undefined;
  onTheWay = 0;
  readonly shedding: Shedding;

  constructor(t: TestContext, canMove = true) {
    const migration = {
      watch: () => {},
      unwatch: () => {},
      onTheWay: 0,
      sockets: () => this.sockets as unknown as Socket[],
      restOf: (socket: Socket) => (socket as unknown as FakeSocket).rest,
      move: (socket: Socket, to: number, _reason: string, ended: (how: HandoffEnd) => void): boolean => {
        this.sockets.splice(this.sockets.indexOf(socket as unknown as FakeSocket), 1);
        migration.onTheWay++;
        const end = (how: HandoffEnd): void => {
          migration.onTheWay--;
          if (how !== 'taken') this.sockets.push(socket as unknown as FakeSocket);
          ended(how);
        };
        this.moved.push({ to, end });
        return true;
      },
    };
    const look = (now: number) => ({ slots: 2, beats: [now, now], open: [5, 0], coming: [0, 0] });
    const parts = { migration, closedUntil: new Float64Array(4), slot: () => OWN, isSticky: false, look };
    this.shedding = new Shedding({
      migration: canMove ? migration : undefined,
      moves: canMove ? new DrainMoves(parts) : undefined,
      requests: {
        drain: (leaving) => this.told.push(leaving === undefined ? 'all close' : 'some close'),
        stay: () => this.told.push('stay'),
      },
      vitals: { emptied: (isEmpty) => (this.isEmpty = isEmpty) },
    });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => this.shedding.end());
  }

  add(rest: Rest = 'free'): FakeSocket {
    const socket = Object.assign(new FakeSocket(), { rest });
    this.sockets.push(socket);
    return socket;
  }

  endAll(how: HandoffEnd = 'taken'): void {
    for (const { end } of this.moved.splice(0)) end(how);
  }
}

test('what can move goes to the slot’s other worker, and only the others are told to close', (t) => {
  const bench = new Bench(t);
  bench.add();
  bench.add('never');
  bench.shedding.begin('slot');
  assert.deepEqual(
    bench.moved.map(({ to }) => to),
    [OWN],
  );
  assert.deepEqual([bench.told, bench.isEmpty], [['some close'], false]);
});

test('the worker is empty when only connections are left that never move', (t) => {
  const bench = new Bench(t);
  bench.add();
  bench.add('never');
  bench.shedding.begin('slot');
  bench.endAll();
  t.mock.timers.tick(100);
  assert.equal(bench.isEmpty, true);
  bench.add('busy');
  t.mock.timers.tick(1000);
  assert.equal(bench.isEmpty, false, 'one has come back');
});

test('a connection that comes back is moved again, however long the other worker refuses', (t) => {
  const bench = new Bench(t);
  bench.add();
  bench.shedding.begin('slot');
  for (let nth = 0; nth < 100; nth++) {
    bench.endAll('refused');
    t.mock.timers.tick(100);
  }
  assert.equal(bench.moved.length, 1);
  assert.deepEqual(bench.told, ['some close'], 'no client is told to go for that');
});

test('after its end nothing moves, clients are told nothing, and it can begin again', (t) => {
  const bench = new Bench(t);
  bench.shedding.begin('any');
  bench.shedding.end();
  bench.shedding.end();
  bench.add();
  t.mock.timers.tick(LONG_MS);
  assert.deepEqual([bench.told, bench.moved.length], [['some close', 'stay'], 0]);
  bench.shedding.begin('slot');
  assert.equal(bench.moved.length, 1);
});

test('where no connection moves, all clients are told to close', (t) => {
  const bench = new Bench(t, false);
  bench.shedding.begin();
  assert.deepEqual([bench.told, bench.isEmpty], [['all close'], true]);
});

test('a server of prefork/http that drained keeps connections again when it stays', () => {
  const leaving = new Leaving();
  const ended = (): boolean[] => (['free', 'never'] as const).map((rest) => leaving.saysClose({ rest }));
  leaving.drain(() => {});
  assert.deepEqual(ended(), [false, true]);
  leaving.stay();
  assert.deepEqual(ended(), [false, false]);
  leaving.drain(undefined);
  assert.deepEqual(ended(), [true, true]);
  leaving.stay();
  assert.deepEqual(ended(), [false, false]);
  leaving.close(true);
  leaving.stay();
  assert.deepEqual(ended(), [true, true], 'a server that closes does not come back');
});
