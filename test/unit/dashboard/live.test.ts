import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { RecordedEvent, Viewer } from '../../../src/control/controls.ts';
import { Live } from '../../../src/dashboard/live.ts';
import { MessageReader, type Message } from '../../../src/dashboard/page/feed/sse.ts';
import { EventHistory } from '../../../src/primary/telemetry/event-history.ts';
import { DURATIONS } from '../../../src/scoreboard/durations.ts';
import { fakeStatus, fakeWorker } from '../../support/fake-controls.ts';

/** A viewer that keeps what it is sent. */
class FakeViewer extends EventEmitter implements Viewer {
  readonly messages: Message[] = [];
  writableLength = 0;
  hasEnded = false;
  readonly #reader = new MessageReader();

  write(text: string): void {
    this.messages.push(...this.#reader.read(text));
  }

  end(): void {
    this.hasEnded = true;
    this.emit('close');
  }

  destroy(): void {
    this.emit('close');
  }

  get names(): string[] {
    return this.messages.map(({ name }) => name);
  }

  count(name: string): number {
    return this.messages.filter((message) => message.name === name).length;
  }
}

const words = { pid: 1, generation: 1, reason: 'error', text: 'password=hunter2', at: '2026-01-01T00:00:00.000Z' };

function setUp(context: TestContext) {
  context.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  let looks = 0;
  let status = fakeStatus();
  const history = new EventHistory();
  const source = {
    status: () => {
      looks++;
      return status;
    },
    durations: () => new Float64Array(DURATIONS),
    history,
  };
  // Frames take no time, so a machine that stands still now and then changes nothing.
  let now = 0;
  const live = new Live(source, () => now);
  return {
    live,
    history,
    /** Time passes in steps, as a timer that is due in the middle looks at the clock. */
    tick(ms: number): void {
      for (let step = 0; step < ms; step++) {
        now++;
        context.mock.timers.tick(1);
      }
    },
    change: (changes: Parameters<typeof fakeStatus>[0]) => void (status = fakeStatus(changes)),
    looks: () => looks,
    watch(isTrusted = false): FakeViewer {
      const viewer = new FakeViewer();
      live.watch(viewer, isTrusted);
      return viewer;
    },
  };
}

test('a viewer is told all at first, and then what changes', (context) => {
  const { watch, tick, change, looks } = setUp(context);
  const viewer = watch();
  assert.deepEqual(viewer.names, ['lifecycleEvents', 'server', 'slots', 'figures']);
  tick(3000);
  assert.deepEqual(viewer.names.slice(4), ['figures', 'figures', 'figures']);
  change({ generation: 2 });
  tick(1000);
  assert.deepEqual(viewer.names.slice(7), ['server', 'figures']);
  // A second viewer gets everything, and causes no more looks.
  const before = looks();
  const other = watch();
  tick(100);
  assert.deepEqual(other.names, ['lifecycleEvents', 'server', 'slots', 'figures']);
  tick(2000);
  assert.equal(looks() - before, 3);
  assert.equal(other.count('figures'), 3);
});

test('viewers that come and go, again and again, cause no look each', (context) => {
  const { watch, tick, looks } = setUp(context);
  for (let nth = 0; nth < 50; nth++) watch().emit('close');
  const viewer = watch();
  watch().emit('close');
  tick(500);
  // There is a look at first, and one after the rest.
  assert.equal(looks(), 2);
  assert.deepEqual(viewer.names, ['lifecycleEvents', 'server', 'slots', 'figures']);
});

test('nobody looks, nothing is done', (context) => {
  const { watch, tick, looks, history } = setUp(context);
  tick(5000);
  assert.equal(looks(), 0);
  const viewer = watch();
  viewer.emit('close');
  const before = looks();
  history.add({ name: 'ready', message: { workers: 1, took: 1 } }, 0);
  tick(5000);
  assert.equal(looks(), before);
  assert.equal(viewer.count('event'), 0);
});

test('what happens is told at once, and shown soon, once for all that happens together', (context) => {
  const { watch, tick, history } = setUp(context);
  const viewer = watch();
  for (let workers = 1; workers <= 5; workers++) {
    history.add({ name: 'scale', message: { workers, before: 0 } }, 0);
  }
  assert.equal(viewer.count('event'), 5);
  assert.equal(viewer.count('figures'), 1);
  tick(150);
  assert.equal(viewer.count('figures'), 2);
});

test('what the application said is for those with the token', (context) => {
  const { watch, change, history, tick } = setUp(context);
  change({
    slots: [{ slot: 0, state: 'serving', worker: fakeWorker(), successor: null, crashes: 1, lastExit: words }],
    reloads: {
      done: 0,
      failed: 1,
      rolledBack: 0,
      last: { generation: 2, outcome: 'failed', reason: words.text, at: words.at },
    },
  });
  const names = { pid: 1, slot: 0, generation: 1 };
  const exit = {
    ...names,
    code: 1,
    signal: null,
    reason: 'code',
    text: words.text,
    planned: false,
    uptime: 1,
  } as const;
  history.add({ name: 'worker:exit', message: exit }, 0);
  const [open, trusted] = [watch(), watch(true)];
  history.add({ name: 'worker:exit', message: exit }, 0);
  history.add({ name: 'reload:failed', message: { generation: 2, reason: words.text } }, 0);
  history.add({ name: 'stopped', message: { error: new Error(words.text) } }, 0);
  tick(1000);
  assert.equal(JSON.stringify(open.messages).includes('hunter2'), false);
  // The word occurs in the past and the slots, the exit, the reload twice, and the end.
  assert.equal(JSON.stringify(trusted.messages).split('hunter2').length - 1, 6);
});

test('more than so many are turned away, and there is room again when one leaves', (context) => {
  const { live, watch } = setUp(context);
  const viewers = Array.from({ length: 32 }, () => watch());
  assert.equal(live.isFull(false), true);
  const late = watch();
  assert.equal(late.hasEnded, true);
  assert.deepEqual(late.messages, []);
  assert.equal(live.isFull(true), false, 'those without the token do not keep those with it out');
  assert.equal(watch(true).hasEnded, false);
  viewers[0]!.destroy();
  assert.equal(live.isFull(false), false);
});

test('one that does not read is dropped, and the others are not', (context) => {
  const { watch, tick } = setUp(context);
  const [slow, quick] = [watch(), watch()];
  const before = slow.count('figures');
  slow.writableLength = 1_000_000;
  let isGone = false;
  slow.on('close', () => (isGone = true));
  tick(1000);
  assert.equal(isGone, true);
  assert.equal(slow.count('figures'), before);
  const seen = quick.count('figures');
  tick(1000);
  assert.equal(quick.count('figures'), seen + 1);
});

test('when the server has stopped, its last word is that, and every viewer is ended', (context) => {
  const { watch, history, tick, looks } = setUp(context);
  const viewers = [watch(), watch(true)];
  history.add({ name: 'stopped', message: { error: undefined } }, 0);
  for (const viewer of viewers) {
    assert.equal(viewer.hasEnded, true);
    const { data } = viewer.messages.findLast(({ name }) => name === 'event')!;
    assert.equal((data as RecordedEvent).name, 'stopped');
  }
  const before = looks();
  tick(5000);
  assert.equal(looks(), before);
});
