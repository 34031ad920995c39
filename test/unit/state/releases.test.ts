import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmbeddedEngine } from '../../../src/state/embedded/engine.ts';
import { Messages } from '../../../src/state/embedded/messages.ts';
import { thisProcess } from '../../../src/state/identity.ts';
import { noSqlite } from '../../support/platform.ts';

test('a release is heard once, and by those alone who wait for its name', { skip: noSqlite }, async (t) => {
  const subscribe = t.mock.method(Messages.prototype, 'subscribe');
  const engine = await EmbeddedEngine.open({ directory: undefined, maxSize: 1 << 24 });
  const heard: string[] = [];
  const names = Array.from({ length: 50 }, (_, i) => `lease ${i}`);
  const stops = names.map((name) => engine.onReleased(name, () => heard.push(name)));
  assert.equal(subscribe.mock.callCount(), 1);

  const release = async (name: string): Promise<void> => {
    await engine.acquire(name, `${thisProcess()} one`, 60_000);
    // Only a lease that another has asked for is announced.
    await engine.acquire(name, `${thisProcess()} other`, 60_000);
    const last = new Promise<void>((resolve) => engine.onReleased(name, resolve));
    await engine.release(name, `${thisProcess()} one`);
    await last;
  };
  await release('lease 7');
  assert.deepEqual(heard, ['lease 7']);
  stops[7]!();
  await release('lease 7');
  await release('lease 8');
  assert.deepEqual(heard, ['lease 7', 'lease 8']);
  assert.equal(subscribe.mock.callCount(), 1);
  await engine.close();
});
