import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt, Engine } from '../../../src/state/engine.ts';
import { State } from '../../../src/state/state.ts';
import { ReleaseListeners } from '../../../src/state/release-listeners.ts';

/** A store with one lease, which counts how many wait for it at most. */
class OneLease {
  mostWaiting = 0;
  #waiting = 0;
  #holder: string | undefined;
  #token = 0;
  readonly #listeners = new ReleaseListeners();

  async acquire(_name: string, owner: string): Promise<Attempt> {
    if (this.#holder !== undefined) return { heldBy: this.#holder };
    this.#holder = owner;
    return { token: ++this.#token };
  }

  async renew(): Promise<boolean> {
    return true;
  }

  async release(name: string, owner: string): Promise<void> {
    if (this.#holder === owner) this.lose(name);
  }

  /** Ends the lease of any holder. */
  lose(name: string): void {
    this.#holder = undefined;
    this.#listeners.tell(name);
  }

  onReleased(name: string, listener: () => void): () => void {
    this.mostWaiting = Math.max(this.mostWaiting, ++this.#waiting);
    const stop = this.#listeners.add(name, listener);
    let isWaiting = true;
    return () => {
      if (isWaiting) this.#waiting--;
      isWaiting = false;
      stop();
    };
  }
}

function open(): { store: OneLease; state: State } {
  const store = new OneLease();
  return { store, state: new State(store as unknown as Engine) };
}

test('of those who wait for a lock one alone asks the store, and they get it in the order in which they came', async () => {
  const { store, state } = open();
  const order: number[] = [];
  const all = Array.from({ length: 40 }, (_, i) => state.lock('l', () => order.push(i), { timeout: '10m' }));
  await Promise.all(all);
  assert.deepEqual(order, [...all.keys()]);
  assert.equal(store.mostWaiting, 1);
});

test('one who waits behind others for too long is told, and they get the lock', async () => {
  const { state } = open();
  const end = withResolvers();
  const first = state.lock('l', () => end.promise);
  const second = state.lock('l', () => 'second', { timeout: '10m' });
  const third = state.lock('l', () => 'third', { timeout: 5 });
  const fourth = state.lock('l', () => 'fourth', { timeout: '10m' });
  await assert.rejects(third, { code: 'ERR_STATE_TIMEOUT', message: "'lock l' was held by others for 5 ms" });
  end.resolve();
  assert.deepEqual(await Promise.all([first, second, fourth]), [undefined, 'second', 'fourth']);
});

test('a lock that is lost is had by the next in line, though the work goes on', async () => {
  const { store, state } = open();
  const end = withResolvers();
  const first = state.lock('l', () => end.promise);
  const others = ['second', 'third'].map((name) => state.lock('l', () => name, { timeout: '10m' }));
  store.lose('lock l');
  assert.deepEqual(await Promise.all(others), ['second', 'third']);
  end.resolve();
  await first;
});

test('an error of the store is of one, and those behind it ask for themselves', async (t) => {
  const { store, state } = open();
  t.mock.method(store, 'acquire', () => Promise.reject(new Error('away')), { times: 1 });
  const [first, second] = [state.lock('l', () => 1), state.lock('l', () => 2)];
  await assert.rejects(first, { message: 'away' });
  assert.equal(await second, 2);
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
