import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { PreforkError } from '../../../../src/errors.ts';
import { decide } from '../../../../src/primary/fleet/decide.ts';
import type { Effect, FleetEvent, Timer } from '../../../../src/primary/fleet/events.ts';
import type { RequestId, WorkerId } from '../../../../src/primary/fleet/ids.ts';
import { newFleet, servingSlots, spares, type Fleet, type FleetSettings } from '../../../../src/primary/fleet/fleet.ts';
import { stop } from './driver.ts';
import { checkFinish, checkFleet, checkServing } from './invariants.ts';
import { Random } from '../../../support/random.ts';
import { SimulatedSockets } from './simulated-sockets.ts';
import { calm, SimulatedWorker, type Application, type Mood } from './simulated-worker.ts';

/** A time that is longer than anything in the fleet waits. */
const LONG = 300_000;

/** The looks at the load that are made in a row, and the memory of a worker. */
const LOOKS = 50;
const LOOK_MS = 250;
const WORKER_BYTES = 100_000_000;

export function settingsOf(seed: number): FleetSettings {
  const random = new Random(~seed);
  return {
    workers: random.between(1, 8),
    range: random.pick([undefined, { text: '1..8', least: 1, most: 8, isAsked: true }]),
    spares: random.between(0, 3),
    maxSurge: random.between(1, 4),
    maxBoots: random.pick([1, 2, 1024]),
    ready: random.pick(['listen', 'listen', 'message', 'start']),
    readyTimeout: 30_000,
    settle: random.pick([0, 500]),
    drainTimeout: 20_000,
    migrate: random.pick(['on', 'off']),
    keepPrevious: random.pick([0, 60_000]),
    canary: random.pick([0, 0, 1, '50%']),
    canaryWatch: 10_000,
    onDoubt: random.pick(['rollback', 'continue']),
    readyShare: 0,
    healthPath: '/healthz',
    drainDelay: random.pick([0, 3000]),
    shutdownGracePeriod: 10_000,
    heartbeatTimeout: 30_000,
    hangStack: random.pick(['off', 'on']),
    recoverThreshold: random.pick([0, 'auto', 5]),
    recoverWindow: 60_000,
    recoverInterval: random.pick([0, 100, 1000]),
    compileCache: random.pick([undefined, undefined, '/var/cache']),
  };
}

/**
 * A server of simulated workers, real listeners and a clock that only this moves, to which anything may happen. After
 * every event the invariants are checked. Owns the listeners. They are closed when it is over, or by `close`.
 */
export class Schedule {
  readonly settings: FleetSettings;
  /** The number of events that were decided on. */
  handled = 0;
  isOver = false;
  readonly #random: Random;
  readonly #mood: Mood;
  readonly #application: Application;
  readonly #sockets: SimulatedSockets;
  readonly #workers = new Map<WorkerId, SimulatedWorker>();
  readonly #killed = new Set<WorkerId>();
  readonly #timers = new Map<string, { readonly timer: Timer; readonly due: number }>();
  readonly #queue: FleetEvent[] = [];
  readonly #asked = new Set<RequestId>();
  readonly #history: object[] = [];
  #fleet: Fleet;
  #at = 0;
  #requests = 0;
  #isUpgrading = false;
  /** True when requests that were held are about to be answered. */
  #isAnswering = false;
  #diagnosing: WorkerId[] = [];

  constructor(seed: number, settings: FleetSettings) {
    this.settings = settings;
    this.#random = new Random(seed);
    this.#mood = { crash: this.#random.pick([0, 0.002, 0.02]), hang: this.#random.pick([0, 0.02]), act: 0.7 };
    this.#application = { listens: this.#random.chance(0.8), wantsSecond: true };
    this.#fleet = newFleet(settings.workers);
    this.#sockets = new SimulatedSockets((worker, heard) => {
      const simulated = this.#workers.get(worker);
      if (simulated?.isAlive) simulated.inbox.push(heard);
    });
  }

  /** The last events, for finding the cause of a failure. */
  get history(): string {
    return this.#history
      .slice(-80)
      .map((what) => JSON.stringify(what))
      .join('\n');
  }

  async start(): Promise<void> {
    await this.#post({ type: 'start' });
  }

  /** Makes something happen. */
  async next(): Promise<void> {
    const dice = this.#random.next();
    if (dice < 0.35) await this.#deliver();
    else if (dice < 0.6) this.#anyWorker()?.hear();
    else if (dice < 0.82) this.#anyWorker()?.act(this.#mood);
    else if (dice < 0.92) await this.#passTime(this.#random.between(0, 5000));
    else if (dice < 0.94) await this.#watch();
    else if (dice < 0.955) this.#application.wantsSecond = !this.#application.wantsSecond;
    else await this.#ask();
  }

  /** Lets time pass, in which nothing bad happens any more: everything that was asked for comes to its end. */
  async calmDown(): Promise<void> {
    if (this.isOver || this.#fleet.phase === 'delaying' || this.#fleet.phase === 'stopping') return;
    this.#application.wantsSecond = this.#random.chance(0.5);
    await this.#settleDown(LONG);
    if (this.isOver || this.#fleet.error !== undefined) return;
    assert.equal(this.#fleet.phase, 'serving', 'calm');
    assert.equal(servingSlots(this.#fleet), this.#fleet.slots.length, 'every slot serves');
    assert.deepEqual([this.#fleet.running, this.#fleet.pending], [undefined, []], 'nothing goes on');
    assert.deepEqual([...this.#asked], [], 'everyone was answered');
    const states = spares(this.#fleet).map(({ state }) => state);
    assert.deepEqual(
      states,
      Array.from({ length: this.settings.spares }, () => 'standby'),
      'the spares are there',
    );
    const { size } = this.#fleet.workers;
    assert.equal(size, this.#fleet.slots.length + this.settings.spares, 'nobody is left over');
    this.#sockets.takeClosed();
    assert.deepEqual(
      this.#sockets.open,
      this.#sockets.set.listeners.map(({ id }) => id),
      'unwanted sockets are closed',
    );
  }

  /** Asks it to stop. It ends, whatever its workers do, once the deadlines are over. */
  async stop(): Promise<void> {
    if (!this.isOver) await this.#post({ ...stop, request: this.#newRequest() });
    const { drainDelay, drainTimeout, shutdownGracePeriod } = this.settings;
    const end = this.#at + drainDelay + Math.max(drainTimeout, shutdownGracePeriod);
    while (!this.isOver && this.#at < end) {
      for (const worker of this.#workers.values()) if (this.#random.chance(0.5)) worker.act(this.#mood);
      for (let delivered = 0; delivered < 20; delivered++) await this.#deliver();
      await this.#passTime(1000);
    }
    for (let delivered = 0; !this.isOver && delivered < 500; delivered++) await this.#deliver();
    assert.ok(this.isOver, 'it ends');
    assert.deepEqual([...this.#asked], [], 'everyone was answered');
    assert.deepEqual([...this.#timers.keys()], [], 'no deadline is left');
  }

  close(): void {
    this.#sockets.close();
  }

  async #settleDown(ms: number): Promise<void> {
    for (const end = this.#at + ms; this.#at < end && !this.isOver;) {
      for (let rounds = 0; rounds < 8; rounds++) {
        for (const worker of this.#workers.values()) {
          worker.act(calm);
          worker.hear();
          while (worker.outbox.length > 0) await this.#deliverOf(worker);
        }
      }
      if (this.#isUpgrading) await this.#post({ type: 'upgrade-failed', reason: 'calm' });
      for (const { id, isHung } of this.#fleet.workers.values()) {
        if (isHung) await this.#post({ type: 'beating', worker: id });
      }
      await this.#passTime(1000);
    }
  }

  #anyWorker(): SimulatedWorker | undefined {
    const workers = [...this.#workers.values()];
    return workers.length === 0 ? undefined : this.#random.pick(workers);
  }

  async #deliver(): Promise<void> {
    const talking = [...this.#workers.values()].filter(({ outbox }) => outbox.length > 0);
    if (talking.length > 0) await this.#deliverOf(this.#random.pick(talking));
  }

  async #deliverOf(worker: SimulatedWorker): Promise<void> {
    const said = worker.outbox.shift()!;
    const { id } = worker;
    switch (said.type) {
      case 'listen':
        await this.#onListenAnswered(id, await this.#sockets.listen(id, said.port));
        break;
      case 'opened':
      case 'listening':
      case 'closed':
      case 'returned':
        await this.#onSocketSaid(id, said.type, said.listener);
        break;
      case 'ready':
        await this.#post({ type: 'booted', worker: id });
        break;
      case 'started':
      case 'drained':
        await this.#post({ type: said.type, worker: id });
        break;
      case 'exit': {
        const { code, signal } = said;
        this.#workers.delete(id);
        await this.#post({ type: 'exited', worker: id, code, signal });
      }
    }
    this.#checkSockets();
  }

  async #onListenAnswered(worker: WorkerId, how: 'granted' | 'refused' | 'held'): Promise<void> {
    if (how === 'held') await this.#post({ type: 'standby', worker });
    if (how === 'granted') await this.#post({ type: 'granted', worker });
  }

  async #onSocketSaid(
    worker: WorkerId,
    type: 'opened' | 'listening' | 'closed' | 'returned',
    listener: number,
  ): Promise<void> {
    this.#sockets.said(worker, { type, listener });
    const address = String(listener);
    if (type === 'closed') await this.#post({ type: 'closed', worker, address });
    if (type === 'opened' || type === 'listening') await this.#post({ type: 'opened', worker, address });
    if (type === 'listening') await this.#post({ type: 'serving', worker });
  }

  /** Posts what the watchdog says, which may be late or wrong. */
  async #watch(): Promise<void> {
    const worker = this.#anyWorker();
    if (worker === undefined) return;
    const { id } = worker;
    if (this.#random.chance(0.02)) await this.#post({ type: 'memory-tight', why: 'tight' });
    if (this.#random.chance(0.1)) await this.#load();
    if (this.#random.chance(0.2)) {
      const verdict = this.#random.pick(['undecided', 'worse', 'better-or-equal', 'doubt'] as const);
      await this.#post({ type: 'judged', judgement: { verdict, reasons: ['chance'], table: [] } });
    }
    const diagnosed = this.#diagnosing.shift();
    if (diagnosed !== undefined) await this.#post({ type: 'diagnosed', worker: diagnosed, stack: 'at loop' });
    if (worker.isHung) {
      await this.#post({ type: 'hung', worker: id, silent: 1000 });
      if (this.#random.chance(0.3)) await this.#post({ type: 'silent', worker: id, silent: 30_000 });
    } else {
      await this.#post({ type: 'beating', worker: id });
      if (this.#random.chance(0.3))
        await this.#post({ type: 'operate', kind: 'recycle', target: { worker: id, reason: 'max-memory' } });
    }
  }

  /** The workers are as busy, or as idle, for some seconds, by which autoscaling may decide. */
  async #load(): Promise<void> {
    const utilization = this.#random.pick([0.05, 0.5, 0.8, 1]);
    const memory = this.#random.pick([undefined, 4 * WORKER_BYTES]);
    const isThrottled = this.#random.chance(0.1);
    for (let look = 0; look < LOOKS && !this.isOver; look++) {
      await this.#passTime(LOOK_MS);
      const serving = [...this.#fleet.workers.values()].filter(({ state }) => state === 'serving');
      const rows = serving.map(({ id }) => ({ worker: id, utilization, late: 0, silent: 0, rss: WORKER_BYTES }));
      await this.#post({ type: 'load', rows, cpu: undefined, isThrottled, memory, cores: 8 });
    }
  }

  async #ask(): Promise<void> {
    const dice = this.#random.next();
    const request = this.#newRequest();
    if (this.#isUpgrading) await this.#post({ type: 'upgrade-failed', reason: 'no' });
    if (dice < 0.35) await this.#post({ type: 'operate', kind: 'reload', request });
    else if (dice < 0.38) await this.#post({ type: 'operate', kind: 'reload', target: { canary: 1 }, request });
    else if (dice < 0.4) await this.#post({ type: 'operate', kind: 'scale', target: { auto: true }, request });
    else if (dice < 0.46) await this.#post({ type: 'operate', kind: 'rollback', request });
    else if (dice < 0.5) await this.#post({ type: 'operate', kind: 'promote', request });
    else if (dice < 0.7) {
      const target = { by: this.#random.between(-3, 3), park: this.#random.pick([0, 60_000]) };
      await this.#post({ type: 'operate', kind: 'scale', target, request });
    } else if (dice < 0.75)
      await this.#post({ type: 'operate', kind: 'scale', target: { workers: this.#random.between(0, 9) }, request });
    else if (dice < 0.98) await this.#post({ type: 'operate', kind: 'upgrade', request });
    else await this.#end(request);
  }

  async #end(request: RequestId): Promise<void> {
    this.#asked.delete(request);
    switch (this.#random.between(0, 3)) {
      case 0:
        return this.#post({ type: 'fail', error: new PreforkError('ERR_INTERNAL', 'broken') });
      case 1:
        return this.#post({ type: 'upgraded', pid: 99, generation: 2 });
      default:
        this.#asked.add(request);
        return this.#post({ ...stop, isNow: this.#random.chance(0.2), request });
    }
  }

  #newRequest(): RequestId {
    const request = ++this.#requests;
    this.#asked.add(request);
    return request;
  }

  /** Deadlines come due in their order, as the clock gets there. */
  async #passTime(ms: number): Promise<void> {
    const end = this.#at + ms;
    for (;;) {
      const [name, first] = [...this.#timers].toSorted(([, a], [, b]) => a.due - b.due)[0] ?? [];
      if (name === undefined || first!.due > end) break;
      this.#timers.delete(name);
      this.#at = first!.due;
      await this.#post({ type: 'due', timer: first!.timer });
    }
    this.#at = end;
  }

  /** Posts an event through one queue, as the supervisor does. */
  async #post(event: FleetEvent): Promise<void> {
    this.#queue.push(event);
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.handled++;
      this.#history.push({ at: this.#at, ...next });
      if (next.type === 'exited') this.#sockets.gone(next.worker);
      const before = this.#fleet;
      const decision = decide(before, this.settings, next, this.#at);
      const { fleet, effects } = decision;
      checkFinish(effects, this.isOver);
      this.#fleet = fleet;
      for (const effect of effects) this.#perform(effect);
      const timers = [...this.#timers.values()].map(({ timer }) => timer);
      checkFleet(fleet, this.settings, timers, this.#killed);
      checkServing(before, next, decision);
    }
    // Requests that were held are answered.
    if (this.#isAnswering) await turn();
    this.#isAnswering = false;
    this.#checkSockets();
  }

  /**
   * Checks the sockets. None is closed while a worker still has a copy of it: until that is closed too, no process
   * could bind the address.
   */
  #checkSockets(): void {
    this.#sockets.check();
    const { phase } = this.#fleet;
    const isStopping = phase === 'stopping' || phase === 'stopped';
    for (const listener of isStopping ? [] : this.#sockets.takeClosed()) {
      const left = [...this.#workers.values()].filter((worker) => worker.has(listener)).map(({ id }) => id);
      assert.deepEqual(left, [], `listener ${listener} was closed`);
    }
  }

  #perform(effect: Effect): void {
    const { set } = this.#sockets;
    if (effect.do !== 'tell') this.#history.push(effect);
    switch (effect.do) {
      case 'fork':
        return this.#fork(effect);
      case 'promote':
        this.#isAnswering = true;
        return set.seat(effect.worker, effect.slot, effect);
      case 'accept':
        if (set.accept(effect.worker) === 0) this.#queue.push({ type: 'serving', worker: effect.worker });
        return;
      case 'park':
        return set.park(effect.worker);
      case 'shed':
      case 'unshed':
      case 'inform':
      case 'hold':
        return;
      case 'drain':
        this.#sockets.leaving(effect.worker);
        return void this.#workers.get(effect.worker)?.inbox.push({ type: 'drain' });
      case 'terminate':
        this.#sockets.leaving(effect.worker);
        return this.#workers.get(effect.worker)?.terminate();
      case 'kill':
        this.#killed.add(effect.worker);
        return this.#workers.get(effect.worker)?.kill();
      case 'rescue':
        return this.#sockets.hung(effect.worker, effect.isHung);
      case 'diagnose':
        if (this.#random.chance(0.5)) this.#diagnosing.push(effect.worker);
        return;
      case 'arm':
        this.#timers.set(JSON.stringify(effect.timer), { timer: effect.timer, due: this.#at + effect.after });
        return;
      case 'disarm':
        return void this.#timers.delete(JSON.stringify(effect.timer));
      case 'vacate':
      case 'reopen':
      case 'sweep':
        return set[effect.do](effect.slot);
      case 'close-listeners':
        return set.close();
      case 'upgrade':
        this.#isUpgrading = true;
        return;
      case 'renew':
        this.#queue.push(this.#renewed());
        return;
      case 'answer':
        assert.ok(this.#asked.delete(effect.request), `${effect.request} was answered before`);
        return;
      case 'finish':
        this.isOver = true;
        return;
      case 'tell':
      case 'call':
      case 'announce':
      case 'abandon-upgrade':
      case 'revert':
      case 'signal':
    }
  }

  /** What is to run was read: mostly the same, at times for another number of workers, and at times not at all. */
  #renewed(): FleetEvent {
    if (this.#random.chance(0.1)) return { type: 'not-renewed', reason: 'the release is gone' };
    return { type: 'renewed', ...(this.#random.chance(0.2) && { workers: this.#random.between(1, 6) }) };
  }

  #fork({ worker, slot, isParked }: Extract<Effect, { do: 'fork' }>): void {
    assert.ok(!this.#workers.has(worker));
    this.#sockets.set.join(worker, slot, { isParked });
    if (this.#random.chance(this.#mood.crash)) {
      this.#queue.push({ type: 'exited', worker, code: null, signal: null, error: new Error('spawn EAGAIN') });
      return;
    }
    this.#workers.set(worker, new SimulatedWorker(worker, this.#random, this.#application));
    this.#queue.push({ type: 'forked', worker, pid: 1000 + worker });
  }
}
