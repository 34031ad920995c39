import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mail } from '../../../../src/primary/half/mail.ts';

test('a sender has so many messages a second, and takes none of those of others', () => {
  const mail = new Mail<number>();
  const admitted = (from: number, now: number, count: number): number => {
    let sum = 0;
    for (let sent = 0; sent < count; sent++) if (mail.admits(from, now)) sum += 1;
    return sum;
  };
  assert.equal(admitted(1, 0, 30_000), 20_000);
  assert.equal(admitted(2, 0, 10), 10);
  assert.equal(admitted(1, 100, 30_000), 1000);
  mail.forget(1);
  assert.equal(admitted(1, 100, 30_000), 20_000);
});

test('many small messages take their room as well', () => {
  const mail = new Mail<number>();
  let held = 0;
  while (mail.hold(1, 1)) held++;
  assert.ok(held < 11_000, `${held} messages`);
});

test('what waits is bounded, and comes in order, once', () => {
  const mail = new Mail<number>();
  assert.ok(mail.hold(1, { line: 'a' }));
  assert.ok(mail.hold(2, 'x'.repeat(1_000_000)));
  assert.equal(mail.hold(1, 'x'.repeat(100_000)), false);
  assert.ok(mail.hold(1, 'b'));
  assert.deepEqual(
    mail.release().map(({ from, message }) => [from, typeof message === 'string' ? message.length : message]),
    [
      [1, { line: 'a' }],
      [2, 1_000_000],
      [1, 1],
    ],
  );
  assert.deepEqual(mail.release(), []);
  assert.ok(mail.hold(1, 'x'.repeat(1_000_000)));
});
