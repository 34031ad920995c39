import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import type { Effect, FleetEvent } from '../../../../src/primary/fleet/events.ts';
import type { ChannelEvent } from '../../../../src/primary/telemetry/event-row.ts';
import { publish, Reporter } from '../../../../src/primary/telemetry/reporter.ts';
import { Driver, find, stop } from '../fleet/driver.ts';

/** Notes what is published and counted. */
class Witness extends Driver {
  readonly seen: ChannelEvent[] = [];
  readonly exits: string[] = [];
  readonly #reporter = new Reporter({
    log: () => {},
    history: { add: (event) => void this.seen.push(event) },
    totals: { exited: (slot, reason) => void this.exits.push(`${slot} ${reason}`) },
  });

  override send(event: FleetEvent): readonly Effect[] {
    const effects = super.send(event);
    for (const { event: told } of find(effects, 'tell')) this.#reporter.tell(told);
    return effects;
  }

  /** Returns what has happened since this was asked last. */
  take(): Array<readonly [name: string, message: object]> {
    return this.seen.splice(0).map(({ name, message }) => [name, message]);
  }

  names(): string[] {
    return this.take().map(([name]) => name);
  }
}

const first = { pid: 1001, slot: 0, generation: 1 };

test('a start', () => {
  const witness = new Witness({ workers: 1, spares: 1 });
  witness.at = 1000;
  witness.send({ type: 'start' });
  assert.deepEqual(witness.take(), [], 'no process exists yet');
  witness.at = 1100;
  witness.boot(1);
  assert.deepEqual(witness.take(), [
    ['worker:spawn', first],
    ['worker:ready', { ...first, took: 100 }],
    ['ready', { workers: 1, took: 100 }],
  ]);
  witness.boot(2);
  assert.deepEqual(witness.take(), [['worker:spawn', { pid: 1002, slot: undefined, generation: 1 }]], 'a spare');
});

test('a crash is no planned end, and ready comes once', () => {
  const witness = new Witness({ workers: 1 });
  witness.serve();
  witness.take();
  witness.at = 5000;
  witness.exit(1, null, 'SIGSEGV');
  const [[name, message] = []] = witness.take();
  assert.equal(name, 'worker:exit');
  const { text, ...rest } = message as { text: string };
  assert.match(text, /SIGSEGV/);
  assert.deepEqual(rest, { ...first, code: null, signal: 'SIGSEGV', reason: 'signal', planned: false, uptime: 5000 });
  witness.at = 5200;
  witness.takeOver(2);
  assert.deepEqual(witness.take(), [
    ['worker:spawn', { ...first, pid: 1002 }],
    ['worker:ready', { ...first, pid: 1002, took: 200 }],
  ]);
});

test('a worker that was parked is back at once, however old it is', () => {
  const witness = new Witness({ workers: 1, keepPrevious: 60_000 });
  witness.serve();
  witness.at = 3_600_000;
  witness.send({ type: 'operate', kind: 'reload' });
  witness.takeOver(2);
  witness.take();
  witness.send({ type: 'operate', kind: 'rollback' });
  assert.deepEqual(witness.take()[0], ['worker:ready', { ...first, took: 0 }]);
});

test('a hang, and its end', () => {
  const witness = new Witness({ workers: 1 });
  witness.serve();
  witness.take();
  witness.send({ type: 'hung', worker: 1, silent: 1200 });
  witness.send({ type: 'beating', worker: 1 });
  assert.deepEqual(witness.take(), [
    ['worker:hung', { ...first, silent: 1200 }],
    ['worker:recovered', first],
  ]);
});

test('a reload', () => {
  const witness = new Witness({ workers: 1 });
  witness.serve();
  witness.take();
  witness.send({ type: 'operate', kind: 'reload' });
  assert.deepEqual(witness.take(), [['reload:start', { generation: 2 }]]);
  witness.at = 300;
  witness.takeOver(2);
  const taken = witness.take();
  assert.deepEqual(
    taken.map(([name]) => name),
    ['worker:spawn', 'worker:ready', 'reload:done', 'worker:drain'],
  );
  assert.deepEqual(taken[2]![1], { generation: 2, took: 300 });
  assert.deepEqual(taken[3]![1], { ...first, reason: 'reload' });
  witness.leave(1);
  const [[name, message] = []] = witness.take();
  assert.deepEqual([name, (message as { planned: boolean }).planned], ['worker:exit', true]);
});

test('a reload that fails, and the next one', () => {
  const witness = new Witness({ workers: 1 });
  witness.serve();
  witness.take();
  for (const worker of [2, 3]) {
    witness.send({ type: 'operate', kind: 'reload' });
    witness.exit(worker);
    const taken = witness.take();
    assert.deepEqual(
      taken.map(([name]) => name).filter((name) => name.startsWith('reload')),
      ['reload:start', 'reload:failed'],
    );
    const [, failed] = taken.find(([name]) => name === 'reload:failed')!;
    assert.match((failed as { reason: string }).reason, /\w/);
  }
});

test('a change of scale', () => {
  const witness = new Witness({ workers: 1 });
  witness.serve();
  witness.take();
  witness.send({ type: 'operate', kind: 'scale', target: { workers: 2 } });
  assert.deepEqual(witness.take(), [
    ['scale:start', { from: 1, to: 2, reason: undefined }],
    ['scale', { workers: 2, before: 1 }],
  ]);
});

test('a reload that fails at once is told from its start', () => {
  const witness = new Witness({ workers: 1 });
  witness.serve();
  witness.take();
  witness.send({ type: 'operate', kind: 'reload' });
  witness.send({ type: 'operate', kind: 'reload' });
  witness.exit(2);
  const reloads = witness.names().filter((name) => name.startsWith('reload'));
  assert.deepEqual(
    reloads,
    ['reload:start', 'reload:failed', 'reload:start'],
    'the next one begins in the same moment',
  );
});

test('every end of a worker that had a slot is counted once, by its reason', () => {
  const witness = new Witness({ workers: 1, spares: 1 });
  witness.serve();
  witness.exit(1, null, 'SIGSEGV');
  assert.deepEqual(witness.exits, ['0 signal']);
  witness.serving(2);
  witness.boot(3);
  witness.send({ type: 'operate', kind: 'reload' });
  witness.takeOver(4);
  witness.leave(2);
  assert.deepEqual(witness.exits, ['0 signal', '0 asked']);
  witness.exit(3);
  assert.deepEqual(witness.exits, ['0 signal', '0 asked'], 'a spare has no slot');
});

test('what ends because the start has failed is asked to, in the log as in the counters', () => {
  const witness = new Witness({ workers: 2 });
  witness.send({ type: 'start' });
  witness.boot(1);
  witness.take();
  witness.exit(2);
  witness.exit(1);
  const reasons = witness.take().flatMap(([name, message]) => (name === 'worker:exit' ? [message] : []));
  assert.deepEqual(
    reasons.map((message) => (message as { reason: string }).reason),
    ['code', 'asked'],
  );
  assert.deepEqual(witness.exits, ['1 code', '0 asked']);
});

for (const drainDelay of [0, 100]) {
  test(`a stop is told once, with a drain delay of ${drainDelay}`, () => {
    const witness = new Witness({ workers: 1, drainDelay });
    witness.serve();
    witness.take();
    witness.send(stop);
    if (drainDelay > 0) witness.due({ timer: 'delay' });
    assert.deepEqual(witness.names().toSorted(), ['stopping', 'worker:drain']);
    witness.leave(1);
    assert.deepEqual(witness.take().at(-1), ['stopped', { error: undefined }]);
  });
}

test('nobody hears what nobody subscribed to, and whoever did hears it', () => {
  const heard: unknown[] = [];
  const listener = (message: unknown): void => void heard.push(message);
  subscribe('prefork:scale', listener);
  publish({ name: 'scale', message: { workers: 2, before: 1 } });
  publish({ name: 'stopping', message: { workers: 2 } });
  unsubscribe('prefork:scale', listener);
  publish({ name: 'scale', message: { workers: 3, before: 2 } });
  assert.deepEqual(heard, [{ workers: 2, before: 1 }]);
});
