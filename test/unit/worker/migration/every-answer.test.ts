import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HandoffEnd } from '../../../../src/ipc/messages.ts';
import { monotonic } from '../../../../src/scoreboard/clock.ts';
import { EveryAnswer } from '../../../../src/worker/migration/every-answer.ts';

const OWN = 1;
const MOST_ON_THE_WAY = 200;

class Bench {
  readonly moved: Array<{ to: number; reason: string; end: (how: HandoffEnd) => void }> = [];
  readonly closedUntil = new Float64Array(4);
  readonly dead = new Set<number>();
  isServing = true;
  watched = 0;
  onTheWay = 0;
  #onFree: (socket: Socket) => void = () => assert.fail('it has not begun');

  constructor() {
    new EveryAnswer({
      migration: this.#migration,
      requests: { tellFree: (onFree) => void (this.#onFree = onFree) },
      closedUntil: this.closedUntil,
      slot: () => OWN,
      isServing: () => this.isServing,
      look: (now) => {
        const beats = [0, 1, 2, 3].map((slot) => (this.dead.has(slot) ? now - 60_000 : now));
        return { slots: 4, beats, open: [0, 0, 0, 0], coming: [0, 0, 0, 0] };
      },
    }).begin();
  }

  async answered(count = 1): Promise<number[]> {
    for (let nth = 0; nth < count; nth++) this.#onFree({} as Socket);
    assert.equal(this.moved.length, 0, 'nothing moves in the turn of its answer');
    await nextTurn();
    return this.moved.map(({ to }) => to);
  }

  get #migration(): ConstructorParameters<typeof EveryAnswer>[0]['migration'] {
    const onTheWay = (): number => this.onTheWay;
    return {
      get onTheWay() {
        return onTheWay();
      },
      watch: () => void this.watched++,
      move: (_socket, to, reason, ended) => {
        this.onTheWay++;
        const end = (how: HandoffEnd): void => {
          this.onTheWay--;
          ended(how);
        };
        return this.moved.push({ to, reason, end }) > 0;
      },
    };
  }
}

test('what was answered moves to the next slot, after all have been looked at', async () => {
  const bench = new Bench();
  assert.deepEqual(await bench.answered(2), [2, 2]);
  assert.deepEqual([bench.watched, bench.moved[0]!.reason], [1, 'level']);
});

test('a slot is passed over that is dead, or does not take any', async () => {
  const bench = new Bench();
  bench.dead.add(2);
  bench.closedUntil[3] = monotonic() + 1000;
  assert.deepEqual(await bench.answered(), [0]);
});

test('nothing moves where there is no other slot, nor from a worker that does not serve', async () => {
  const alone = new Bench();
  for (const slot of [0, 2, 3]) alone.dead.add(slot);
  assert.deepEqual(await alone.answered(), []);
  const leaving = new Bench();
  leaving.isServing = false;
  assert.deepEqual(await leaving.answered(), []);
});

test(`no more than ${MOST_ON_THE_WAY} are on the way, and the others follow`, async () => {
  const bench = new Bench();
  assert.equal((await bench.answered(MOST_ON_THE_WAY + 5)).length, MOST_ON_THE_WAY);
  for (const { end } of bench.moved.slice(0, 3)) end('taken');
  assert.equal(bench.moved.length, MOST_ON_THE_WAY + 3);
});
