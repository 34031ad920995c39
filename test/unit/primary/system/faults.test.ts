import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { PreforkError } from '../../../../src/errors.ts';
import { Faults, MOST_FAULTS } from '../../../../src/primary/system/faults.ts';
import { notedLog } from '../../../support/noted-log.ts';

class Bench {
  at = 0;
  readonly logged: unknown[] = [];
  readonly gaveUp: PreforkError[] = [];
  readonly ended: number[] = [];
  readonly faults = new Faults({
    log: notedLog((level, text, fields) => this.logged.push([level, text, fields])),
    now: () => this.at,
    giveUp: (error) => void this.gaveUp.push(error),
    exit: (code) => void this.ended.push(code),
  });

  add(times: number): void {
    for (let nth = 1; nth <= times; nth++) this.faults.add(new Error(`fault ${nth}`));
  }
}

test('a fault is logged with its stack, and the service goes on', () => {
  const bench = new Bench();
  bench.faults.add(new TypeError('x is no function'));
  const [[level, event, fields]] = bench.logged as [[string, string, { message: string; stack: string }]];
  assert.deepEqual([level, event, fields.message], ['error', 'fault of prefork', 'x is no function']);
  assert.match(fields.stack, /faults\.test\.js:\d+:\d+\)? < /);
  assert.deepEqual([bench.gaveUp, bench.ended], [[], []]);
});

test('whatever was thrown is told', () => {
  const bench = new Bench();
  for (const thrown of ['text', undefined, null, Object.assign(new Error('bare'), { stack: undefined })]) {
    bench.faults.add(thrown);
  }
  const messages = (bench.logged as Array<[string, string, { message: string; stack: unknown }]>).map(
    ([, , { message, stack }]) => [message, stack],
  );
  assert.deepEqual(
    messages,
    ['text', 'undefined', 'null', 'bare'].map((message) => [message, undefined]),
  );
});

test('more than so many in a minute stop everything in order, once, with the last as the cause', () => {
  const bench = new Bench();
  bench.add(MOST_FAULTS);
  assert.equal(bench.gaveUp.length, 0);
  bench.add(2);
  assert.equal(bench.gaveUp.length, 1);
  const [error] = bench.gaveUp;
  assert.equal(error!.code, 'ERR_INTERNAL');
  assert.match(error!.message, /^11 faults of prefork within 60s, the last: fault 1$/);
  assert.equal((error!.cause as Error).message, 'fault 1');
  assert.deepEqual(bench.ended, []);
});

test('those of a minute ago count no more', () => {
  const bench = new Bench();
  for (let minute = 0; minute < 5; minute++) {
    bench.at = minute * 60_000;
    bench.add(MOST_FAULTS);
  }
  assert.deepEqual(bench.gaveUp, []);
});

test('a stop that goes on throwing is ended where it stands, with the code for it', () => {
  const bench = new Bench();
  bench.add(MOST_FAULTS + 100);
  assert.deepEqual([bench.gaveUp.length, bench.ended], [1, []]);
  bench.add(1);
  assert.deepEqual([bench.gaveUp.length, bench.ended], [1, [70]]);
});

test('what nothing catches comes here while it is watched for, and no longer', (t: TestContext) => {
  const bench = new Bench();
  const names = ['uncaughtException', 'unhandledRejection'];
  const listeners = (): Function[][] => names.map((name) => (process as EventEmitter).listeners(name));
  const before = listeners();
  t.after(() => bench.faults.close());
  bench.faults.watch();
  for (const [nth, now] of listeners().entries()) {
    for (const added of now.filter((one) => !before[nth]!.includes(one))) added(new Error(names[nth]));
  }
  const messages = bench.logged.map((line) => (line as [string, string, { message: string }])[2].message);
  assert.deepEqual(messages, names);
  bench.faults.close();
  assert.deepEqual(listeners(), before);
});
