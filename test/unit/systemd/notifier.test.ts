import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Notifier } from '../../../src/systemd/notifier.ts';
import { createNotifier } from '../../../src/systemd/notify.ts';

/** A fake systemd, which reads a message when it is told to. */
class Systemd {
  readonly read: string[] = [];
  readonly errors: string[] = [];
  readonly notifier: Notifier;
  #waiting: Array<{ resolve: () => void; reject: (error: Error) => void }> = [];

  constructor(watchdog?: number) {
    const transport = (message: string): Promise<void> => {
      assert.equal(this.#waiting.length, 0, 'one at a time');
      this.read.push(message);
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    };
    this.notifier = new Notifier(transport, watchdog, (message) => this.errors.push(message));
  }

  async answer(error?: Error): Promise<void> {
    const [{ resolve, reject } = assert.fail('nothing was sent')] = this.#waiting.splice(0);
    if (error === undefined) resolve();
    else reject(error);
    await new Promise((next) => setImmediate(next));
  }
}

test('messages go one after another, in order', async () => {
  const systemd = new Systemd();
  systemd.notifier.ready('2 workers');
  systemd.notifier.reloading();
  systemd.notifier.ready();
  systemd.notifier.mainPid(4711);
  systemd.notifier.stopping('stopping');
  for (let count = 0; count < 5; count++) await systemd.answer();
  const [ready, reloading, ...rest] = systemd.read;
  assert.equal(ready, 'READY=1\nSTATUS=2 workers');
  assert.match(reloading!, /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
  assert.deepEqual(rest, ['READY=1', 'MAINPID=4711', 'STOPPING=1\nSTATUS=stopping']);
});

test('the time of a reload is the machine’s, in microseconds', async () => {
  const systemd = new Systemd();
  const before = process.hrtime.bigint() / 1000n;
  systemd.notifier.reloading('reload 2');
  const after = process.hrtime.bigint() / 1000n;
  const [, microseconds] = /MONOTONIC_USEC=(\d+)\nSTATUS=reload 2$/.exec(systemd.read[0]!)!;
  assert.ok(BigInt(microseconds!) >= before && BigInt(microseconds!) <= after);
});

test('of several that describe, the last is sent, with the change it waits behind', async () => {
  const systemd = new Systemd();
  systemd.notifier.status('one');
  systemd.notifier.status('two');
  systemd.notifier.status('three');
  systemd.notifier.ready();
  systemd.notifier.status('four');
  systemd.notifier.status('five');
  for (let count = 0; count < 3; count++) await systemd.answer();
  assert.deepEqual(systemd.read, ['STATUS=one', 'STATUS=three', 'READY=1\nSTATUS=five']);
});

test('a status cannot be taken for another field', () => {
  const systemd = new Systemd();
  systemd.notifier.status('a\nREADY=1\r\n  b\n');
  assert.deepEqual(systemd.read, ['STATUS=a READY=1 b']);
});

test('failures are told once, and the rest is still sent', async () => {
  const systemd = new Systemd();
  systemd.notifier.ready();
  systemd.notifier.stopping();
  await systemd.answer(new Error('no such command'));
  await systemd.answer(new Error('no such command'));
  assert.deepEqual(systemd.errors, ['no such command']);
  assert.deepEqual(systemd.read, ['READY=1', 'STOPPING=1']);
});

test('close waits until all has arrived', async () => {
  const systemd = new Systemd();
  let isClosed = false;
  systemd.notifier.ready();
  systemd.notifier.stopping();
  const closing = systemd.notifier.close().then(() => (isClosed = true));
  await systemd.answer();
  assert.equal(isClosed, false);
  await systemd.answer();
  await closing;
  assert.deepEqual(systemd.read, ['READY=1', 'STOPPING=1']);
});

test('signs of life come by themselves, and end with close', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const systemd = new Systemd(500);
  t.mock.timers.tick(499);
  assert.deepEqual(systemd.read, []);
  t.mock.timers.tick(1);
  await systemd.answer();
  t.mock.timers.tick(500);
  await systemd.answer();
  assert.deepEqual(systemd.read, ['WATCHDOG=1', 'WATCHDOG=1']);
  await systemd.notifier.close();
  t.mock.timers.tick(5000);
  assert.equal(systemd.read.length, 2);
});

const onError = (): void => {};

test('nobody waits: no notifier', () => {
  assert.equal(createNotifier({}, { onError }), undefined);
  assert.equal(createNotifier({ NOTIFY_SOCKET: '' }, { onError }), undefined);
});

test('what workers must not see is taken out of the environment', () => {
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '1000000', WATCHDOG_PID: '1', PATH: '/bin' };
  assert.ok(createNotifier(env, { onError }) !== undefined);
  assert.deepEqual(env, { PATH: '/bin' });
});

/** WATCHDOG_USEC and WATCHDOG_PID of process 42, and the time in ms until the first sign of life. */
const watchdogs: ReadonlyArray<{ usec: string | undefined; pid: string | undefined; after: number | undefined }> = [
  { usec: '1000000', pid: '42', after: 500 },
  { usec: '1000000', pid: undefined, after: 500 },
  { usec: '1000000', pid: '43', after: undefined },
  { usec: undefined, pid: '42', after: undefined },
  { usec: '0', pid: '42', after: undefined },
  { usec: 'soon', pid: '42', after: undefined },
  { usec: '18446744073709551614', pid: '42', after: 0x7fffffff },
];
for (const { usec, pid, after } of watchdogs) {
  test(`WATCHDOG_USEC=${usec} WATCHDOG_PID=${pid}: ${after} ms`, (t) => {
    const intervals = t.mock.method(globalThis, 'setInterval').mock;
    const env = { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: usec, WATCHDOG_PID: pid };
    void createNotifier(env, { onError, pid: 42 })!.close();
    assert.deepEqual(
      intervals.calls.map(({ arguments: [, ms] }) => ms),
      after === undefined ? [] : [after],
    );
  });
}
