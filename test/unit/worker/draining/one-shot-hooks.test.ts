import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OneShotHooks } from '../../../../src/worker/draining/one-shot-hooks.ts';

test('functions run when it comes, once, side by side, and with its value', () => {
  const hooks = new OneShotHooks<number>('onSlot');
  const ran: string[] = [];
  hooks.add(async (slot) => {
    ran.push(`first ${slot}`);
    await new Promise(() => {});
  });
  hooks.add((slot) => void ran.push(`second ${slot}`));
  assert.deepEqual([ran, hooks.hasFired], [[], false]);
  hooks.fire(3);
  hooks.fire(4);
  assert.deepEqual([ran, hooks.hasFired], [['first 3', 'second 3'], true]);
});

test('one that is added later runs at once', () => {
  const hooks = new OneShotHooks<number>('onSlot');
  hooks.fire(0);
  let slot: number | undefined;
  hooks.add((value) => void (slot = value));
  assert.equal(slot, 0);
});

test('it is settled when all are, also those that came meanwhile', async () => {
  const hooks = new OneShotHooks('onDrain');
  const order: string[] = [];
  hooks.add(async () => {
    await nextTurn();
    hooks.add(async () => {
      await nextTurn();
      order.push('second');
    });
    order.push('first');
  });
  hooks.fire();
  await hooks.settled();
  assert.deepEqual(order, ['first', 'second']);
});

test('what fails is printed with its name, and disturbs nobody', async (t) => {
  const printed = t.mock.method(console, 'error', () => {});
  const hooks = new OneShotHooks('onDrain');
  let others = 0;
  hooks.add(() => {
    throw new Error('at once');
  });
  hooks.add(() => Promise.reject(new Error('later')));
  hooks.add(() => void others++);
  hooks.fire();
  await hooks.settled();
  assert.equal(others, 1);
  assert.deepEqual(
    printed.mock.calls.map(({ arguments: [text, error] }) => `${text as string} ${(error as Error).message}`),
    ['prefork: onDrain failed: at once', 'prefork: onDrain failed: later'],
  );
});

test('without functions it is settled at once', async () => {
  await new OneShotHooks('onDrain').settled();
});
