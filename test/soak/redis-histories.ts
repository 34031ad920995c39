/**
 * Checks what `prefork/state` promises, against histories of calls, while Redis and the network misbehave: the network
 * of each client is cut and held back at random, connections are reset, and the server is stopped, killed and restarted.
 *
 *     node out/test/soak/redis-histories.js [seconds] [seed]
 */
import assert from 'node:assert/strict';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { openState, StateError, type State } from '../../src/state.ts';
import { HoldingProxy } from '../support/holding-proxy.ts';
import { Random } from '../support/random.ts';
import { Redis } from '../support/redis.ts';
import { holders, messages, type Hold } from './redis/checks.ts';

const seconds = Number(process.argv[2] ?? 60);
const seed = Number(process.argv[3] ?? 1);
const CLIENTS = 5;
const TIMEOUT_MS = 500;

const random = new Random(seed);
const below = (limit: number): number => Math.floor(random.next() * limit);

await using redis = await Redis.start();
const networks = await Promise.all(Array.from({ length: CLIENTS }, () => HoldingProxy.start(redis.port)));
const states = await Promise.all(
  networks.map(({ port }) => openState(`redis://127.0.0.1:${port}`, { timeout: TIMEOUT_MS, connect: 'lazy' })),
);
const end = performance.now() + seconds * 1000;
const goesOn = (): boolean => performance.now() < end;

/** Additions: what was acknowledged, and what may have been done. Those with ids are repeated until they are. */
const sums = { acknowledged: 0, uncertain: 0, refused: 0, repeated: 0 };
const holds: Hold[] = [];
const leads: Hold[] = [];
const heard: Array<Array<number | 'gap'>> = states.map(() => []);
const acts = { hold: 0, answers: 0, reset: 0, stop: 0, kill: 0 };

async function plainAdditions(state: State): Promise<void> {
  while (goesOn()) {
    try {
      await state.counter('plain').add(1);
      sums.acknowledged++;
    } catch (error) {
      assert.ok(error instanceof StateError, String(error));
      if (error.isUncertain) sums.uncertain++;
      else sums.refused++;
      await delay(5);
    }
  }
}

async function additionsWithIds(state: State, client: number): Promise<void> {
  for (let nth = 0; goesOn(); nth++) {
    const id = `${client} ${nth}`;
    while (
      (await state
        .counter('once')
        .add(1, { id })
        .catch(() => undefined)) === undefined
    )
      await delay(20);
    sums.repeated++;
  }
}

async function locks(state: State): Promise<void> {
  while (goesOn()) {
    const hold = async (signal: AbortSignal, token: number): Promise<void> => {
      const from = performance.now();
      for (const until = from + 20; performance.now() < until && !signal.aborted;) await delay(2);
      // The last moment at which this holder still took itself for one.
      if (!signal.aborted) holds.push({ token, from, until: performance.now() });
    };
    await state.lock('lock', hold, { ttl: 500, timeout: 200 }).catch(() => {});
    await delay(5);
  }
}

function lead(state: State): void {
  state.runOnce(
    'leader',
    async (signal, token) => {
      const hold = { token, from: performance.now(), until: performance.now() };
      leads.push(hold);
      while (!signal.aborted) {
        hold.until = performance.now();
        await delay(2);
      }
    },
    { ttl: 500 },
  );
}

async function listen(state: State, client: number): Promise<void> {
  const channel = state.channel('talk');
  channel.addEventListener('message', (event) => heard[client]!.push((event as MessageEvent).data as number));
  channel.addEventListener('gap', () => heard[client]!.push('gap'));
  await channel.ready.catch(async () => {
    // Some messages may have come before the refusal, which says that others were missed.
    heard[client]!.push('gap');
    // A state that is away refuses at once, so an attempt without a pause would keep the event loop from finding the server.
    channel.close();
    await delay(20);
    await listen(state, client);
  });
}

async function misbehave(): Promise<void> {
  while (goesOn()) {
    await delay(below(400));
    const network = networks[below(CLIENTS)]!;
    const act = random.next();
    if (act < 0.45) {
      const cut = random.next() < 0.5 ? 'both' : 'answers';
      acts[cut === 'both' ? 'hold' : 'answers']++;
      network.hold(cut);
      await delay(below(900));
      network.pass();
    } else if (act < 0.8) {
      acts.reset++;
      network.reset();
    } else if (act < 0.95) {
      acts.stop++;
      redis.pause();
      await delay(below(700));
      redis.resume();
    } else {
      acts.kill++;
      await redis.kill();
      await delay(below(500));
      await redis.start();
    }
  }
  for (const network of networks) network.pass();
}

const sent = new Set<number>();
const speaker = await openState(redis.url, { timeout: TIMEOUT_MS, connect: 'lazy' });
async function speak(): Promise<void> {
  const channel = speaker.channel('talk');
  for (let nth = 1; goesOn(); nth++) {
    await channel.send(nth).then(
      () => sent.add(nth),
      () => {},
    );
    await delay(3);
  }
}

await Promise.all(states.map(listen));
for (const state of states) lead(state);
await Promise.all([
  misbehave(),
  speak(),
  ...states.flatMap((state, client) => [plainAdditions(state), additionsWithIds(state, client), locks(state)]),
]);

const judge = await openState(redis.url);
const plain = await judge.counter('plain').get();
const once = await judge.counter('once').get();
console.log(JSON.stringify({ seed, acts, sums, plain, once }));
assert.ok(plain >= sums.acknowledged, 'no acknowledged addition is lost');
assert.ok(
  plain <= sums.acknowledged + sums.uncertain,
  'what failed for certain was not done, and nothing was done twice',
);
assert.equal(once, sums.repeated, 'an addition with an id counts once');
console.log(`locks: ${holders(holds)}`);
console.log(`leaders: ${holders(leads)}`);
console.log(`messages: ${messages(heard, sent)}`);
await Promise.all([...states, speaker, judge].map((state) => state.close()));
await Promise.all(networks.map((network) => network[Symbol.asyncDispose]()));
