import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PreforkError } from '../../../src/errors.ts';
import { decide } from '../../../src/primary/decide.ts';
import type { Effect, FleetEvent } from '../../../src/primary/events.ts';
import { newFleet, type Fleet, type FleetSettings } from '../../../src/primary/fleet.ts';

const settings: FleetSettings = {
  workers: 2,
  readyTimeout: 30_000,
  shutdownGracePeriod: 10_000,
  recoverThreshold: 0,
  recoverWindow: 60_000,
  recoverInterval: 100,
};

/** Drives the pure fleet by hand, with a clock that only `at` moves. */
class Driver {
  fleet: Fleet;
  at = 0;
  readonly settings: FleetSettings;

  constructor(changes: Partial<FleetSettings> = {}) {
    this.settings = { ...settings, ...changes };
    this.fleet = newFleet(this.settings.workers);
  }

  send(event: FleetEvent): readonly Effect[] {
    const decision = decide(this.fleet, this.settings, event, this.at);
    this.fleet = decision.fleet;
    return decision.effects;
  }

  /** Starts, and makes every worker ready. */
  serve(): void {
    this.send({ type: 'start' });
    for (let worker = 1; worker <= this.settings.workers; worker++) {
      this.send({ type: 'forked', worker, pid: 1000 + worker });
      this.send({ type: 'ready', worker });
    }
    assert.equal(this.fleet.phase, 'serving');
  }

  exit(worker: number, code: number | null = 1, signal: NodeJS.Signals | null = null): readonly Effect[] {
    return this.send({ type: 'exited', worker, code, signal });
  }

  get states(): string[] {
    return this.fleet.slots.map(({ state }) => state);
  }
}

const stop: FleetEvent = { type: 'stop', signal: 'SIGTERM', idle: 5000 };
const kinds = (effects: readonly Effect[]): string[] => effects.map((effect) => effect.do);
const find = <Do extends Effect['do']>(effects: readonly Effect[], kind: Do): Array<Extract<Effect, { do: Do }>> =>
  effects.filter((effect): effect is Extract<Effect, { do: Do }> => effect.do === kind);
const logged = (effects: readonly Effect[]): string[] => find(effects, 'log').map(({ event }) => event);

describe('starting', () => {
  test('arms the deadline before each fork', () => {
    const effects = new Driver().send({ type: 'start' });
    assert.deepEqual(kinds(effects), ['arm', 'fork', 'arm', 'fork']);
  });

  test('is ready when every worker is', () => {
    const driver = new Driver();
    driver.send({ type: 'start' });
    driver.send({ type: 'forked', worker: 1, pid: 11 });
    driver.send({ type: 'forked', worker: 2, pid: 12 });
    assert.deepEqual(logged(driver.send({ type: 'ready', worker: 2 })), ['worker ready']);
    const effects = driver.send({ type: 'ready', worker: 1 });
    assert.deepEqual(logged(effects), ['worker ready', 'ready']);
    assert.deepEqual(find(effects, 'call').at(-1), { do: 'call', hook: 'onPrimaryReady', pids: [11, 12] });
  });

  test('a second ready of the same worker changes nothing', () => {
    const driver = new Driver();
    driver.serve();
    assert.deepEqual(driver.send({ type: 'ready', worker: 1 }), []);
  });

  test('a worker that cannot boot ends it at once: the one that serves drains, the one that boots is killed', () => {
    const driver = new Driver({ workers: 3 });
    driver.send({ type: 'start' });
    driver.send({ type: 'ready', worker: 1 });
    const effects = driver.exit(2);
    assert.deepEqual(
      find(effects, 'drain').map(({ worker }) => worker),
      [1],
    );
    assert.deepEqual(
      find(effects, 'kill').map(({ worker }) => worker),
      [3],
    );
    driver.exit(3, null, 'SIGKILL');
    const [finish] = find(driver.exit(1, 0), 'finish');
    assert.equal(finish?.error?.code, 'ERR_BOOT_FAILED');
  });

  test('an entry that ends without listening is told so', () => {
    const driver = new Driver({ workers: 1 });
    driver.send({ type: 'start' });
    const [finish] = find(driver.exit(1, 0), 'finish');
    assert.match(finish?.error?.message ?? '', /exited with code 0 before it was ready; it neither listened nor said/);
  });

  test('a crash of one that was ready is recovered from, though others still boot', () => {
    const driver = new Driver();
    driver.send({ type: 'start' });
    driver.send({ type: 'ready', worker: 1 });
    assert.deepEqual(kinds(driver.exit(1)).slice(-1), ['fork']);
    assert.equal(driver.fleet.phase, 'starting');
  });

  test('one that is not ready in time ends it', () => {
    const driver = new Driver();
    driver.send({ type: 'start' });
    driver.send({ type: 'ready', worker: 1 });
    driver.at = 30_000;
    const effects = driver.send({ type: 'due', timer: { timer: 'ready', worker: 2 } });
    assert.match(driver.fleet.error?.message ?? '', /did not listen.*within 30s/);
    assert.deepEqual(
      find(effects, 'kill').map(({ worker }) => worker),
      [2],
    );
  });

  test('a process that cannot be forked is a boot that failed', () => {
    const driver = new Driver({ workers: 1 });
    driver.send({ type: 'start' });
    const error = new Error('spawn EAGAIN');
    const effects = driver.send({ type: 'exited', worker: 1, code: null, signal: null, error });
    assert.match(find(effects, 'finish')[0]?.error?.message ?? '', /EAGAIN/);
  });
});

describe('crashes', () => {
  test('the first is replaced at once, and the hook hears of both pids when the new one is ready', () => {
    const driver = new Driver();
    driver.serve();
    driver.at = 5000;
    const [fork] = find(driver.exit(1), 'fork');
    assert.deepEqual(fork, { do: 'fork', worker: 3, slot: 0, generation: 1 });
    driver.send({ type: 'forked', worker: 3, pid: 1003 });
    const calls = find(driver.send({ type: 'ready', worker: 3 }), 'call');
    assert.deepEqual(calls, [{ do: 'call', hook: 'onWorkerRecover', oldPid: 1001, newPid: 1003 }]);
  });

  test('a loop backs off, the other slot untouched', () => {
    const driver = new Driver();
    driver.serve();
    const waits: number[] = [];
    let worker = 1;
    for (let crash = 0; crash < 5; crash++) {
      let effects = driver.exit(worker);
      const [arm] = find(effects, 'arm').filter(({ timer }) => timer.timer === 'respawn');
      waits.push(arm?.after ?? 0);
      if (arm !== undefined) {
        driver.at += arm.after;
        effects = driver.send({ type: 'due', timer: arm.timer });
      }
      worker = find(effects, 'fork')[0]!.worker;
    }
    assert.deepEqual(waits, [0, 100, 200, 400, 800]);
    assert.equal(driver.states[1], 'serving');
  });

  test('an unready timeout while serving kills the worker, and its exit is a crash', () => {
    const driver = new Driver();
    driver.serve();
    driver.exit(1);
    assert.deepEqual(kinds(driver.send({ type: 'due', timer: { timer: 'ready', worker: 3 } })), ['log', 'kill']);
    assert.deepEqual(driver.states, ['booting', 'serving']);
    driver.exit(3, null, 'SIGKILL');
    assert.deepEqual(driver.states, ['waiting', 'serving']);
  });

  test('more than the threshold within the window gives up', () => {
    const driver = new Driver({ recoverThreshold: 2 });
    driver.serve();
    driver.at = 70_000;
    driver.exit(1);
    driver.exit(2);
    driver.send({ type: 'ready', worker: 3 });
    driver.send({ type: 'ready', worker: 4 });
    driver.exit(3);
    assert.equal(driver.fleet.error?.code, 'ERR_OVER_RECOVERY');
    assert.equal(driver.fleet.phase, 'stopping');
  });

  test('exits before the window do not count', () => {
    const driver = new Driver({ recoverThreshold: 1 });
    driver.serve();
    driver.exit(1);
    driver.send({ type: 'ready', worker: 3 });
    driver.at = 60_000;
    driver.exit(3);
    assert.equal(driver.fleet.error, undefined);
  });

  test('an exit that is told of a worker nobody knows changes nothing', () => {
    const driver = new Driver();
    driver.serve();
    assert.deepEqual(driver.exit(99), []);
  });
});

describe('stopping', () => {
  test('workers drain, are terminated when drained, and the last one ends it', () => {
    const driver = new Driver();
    driver.serve();
    const effects = driver.send(stop);
    assert.deepEqual(
      find(effects, 'drain').map(({ worker, idle }) => [worker, idle]),
      [
        [1, 5000],
        [2, 5000],
      ],
    );
    assert.ok(kinds(effects).indexOf('close-listeners') < kinds(effects).indexOf('drain'));
    assert.deepEqual(driver.send({ type: 'drained', worker: 1 }), [{ do: 'terminate', worker: 1 }]);
    assert.deepEqual(find(driver.exit(1, null, 'SIGTERM'), 'finish'), []);
    assert.deepEqual(find(driver.exit(2, 0), 'finish'), [{ do: 'finish', error: undefined }]);
    assert.equal(driver.fleet.phase, 'stopped');
  });

  test('those that still drain near the end are terminated, and killed at the end', () => {
    const driver = new Driver();
    driver.serve();
    const armed = find(driver.send(stop), 'arm');
    assert.deepEqual(
      armed.map(({ timer, after }) => [timer.timer, after]),
      [
        ['drain', 9000],
        ['grace', 10_000],
      ],
    );
    assert.deepEqual(kinds(driver.send({ type: 'due', timer: { timer: 'drain' } })), ['terminate', 'terminate']);
    assert.deepEqual(kinds(driver.send({ type: 'due', timer: { timer: 'grace' } })), ['log', 'kill', 'kill']);
  });

  test('the second time, now', () => {
    const driver = new Driver();
    driver.serve();
    driver.send(stop);
    assert.deepEqual(kinds(driver.send(stop)), ['log', 'kill', 'kill']);
  });

  test('a slot in its backoff is not filled again', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    driver.exit(1);
    driver.exit(2);
    assert.deepEqual(driver.states, ['waiting']);
    const effects = driver.send(stop);
    assert.deepEqual(find(effects, 'finish'), [{ do: 'finish', error: undefined }]);
    assert.deepEqual(driver.send({ type: 'due', timer: { timer: 'respawn', slot: 0 } }), []);
  });

  test('a worker that is ready only now is not counted as serving', () => {
    const driver = new Driver({ workers: 1 });
    driver.send({ type: 'start' });
    assert.deepEqual(
      find(driver.send(stop), 'terminate').map(({ worker }) => worker),
      [1],
    );
    assert.deepEqual(driver.send({ type: 'ready', worker: 1 }), []);
    assert.deepEqual(find(driver.exit(1, null, 'SIGTERM'), 'finish'), [{ do: 'finish', error: undefined }]);
  });

  test('a hook that throws stops everything with its error', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    const error = new PreforkError('ERR_HOOK_FAILED', 'onPrimaryReady threw: no');
    assert.ok(kinds(driver.send({ type: 'fail', error })).includes('drain'));
    assert.deepEqual(find(driver.exit(1, 0), 'finish'), [{ do: 'finish', error }]);
  });

  test('the first error is the one that is told', () => {
    const driver = new Driver({ workers: 1 });
    driver.serve();
    const first = new PreforkError('ERR_HOOK_FAILED', 'first');
    driver.send({ type: 'fail', error: first });
    driver.send({ type: 'fail', error: new PreforkError('ERR_INTERNAL', 'second') });
    assert.equal(driver.fleet.error, first);
  });
});
