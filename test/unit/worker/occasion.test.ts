import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Occasion } from '../../../src/worker/occasion.ts';

test('functions run when it comes, once, side by side, and with its value', () => {
  const occasion = new Occasion<number>('onSlot');
  const ran: string[] = [];
  occasion.add(async (slot) => {
    ran.push(`first ${slot}`);
    await new Promise(() => {});
  });
  occasion.add((slot) => void ran.push(`second ${slot}`));
  assert.deepEqual([ran, occasion.hasCome], [[], false]);
  occasion.come(3);
  occasion.come(4);
  assert.deepEqual([ran, occasion.hasCome], [['first 3', 'second 3'], true]);
});

test('one that is added later runs at once', () => {
  const occasion = new Occasion<number>('onSlot');
  occasion.come(0);
  let slot: number | undefined;
  occasion.add((value) => void (slot = value));
  assert.equal(slot, 0);
});

test('it is settled when all are, also those that came meanwhile', async () => {
  const occasion = new Occasion('onDrain');
  const order: string[] = [];
  occasion.add(async () => {
    await nextTurn();
    occasion.add(async () => {
      await nextTurn();
      order.push('second');
    });
    order.push('first');
  });
  occasion.come();
  await occasion.settled();
  assert.deepEqual(order, ['first', 'second']);
});

test('what fails is printed with its name, and disturbs nobody', async (t) => {
  const printed = t.mock.method(console, 'error', () => {});
  const occasion = new Occasion('onDrain');
  let others = 0;
  occasion.add(() => {
    throw new Error('at once');
  });
  occasion.add(() => Promise.reject(new Error('later')));
  occasion.add(() => void others++);
  occasion.come();
  await occasion.settled();
  assert.equal(others, 1);
  assert.deepEqual(
    printed.mock.calls.map(({ arguments: [text, error] }) => `${text as string} ${(error as Error).message}`),
    ['prefork: onDrain failed: at once', 'prefork: onDrain failed: later'],
  );
});

test('without functions it is settled at once', async () => {
  await new Occasion('onDrain').settled();
});
