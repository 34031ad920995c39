import assert from 'node:assert/strict';
import { decide } from '../../../../src/primary/fleet/decide.ts';
import type { Effect, FleetEvent, Timer } from '../../../../src/primary/fleet/events.ts';
import type { WorkerId } from '../../../../src/primary/fleet/ids.ts';
import { newFleet, workerOf, type Fleet, type FleetSettings } from '../../../../src/primary/fleet/fleet.ts';
import { lineOf, type Line } from '../../../../src/primary/telemetry/told.ts';

export const settings: FleetSettings = {
  workers: 2,
  range: undefined,
  spares: 0,
  maxSurge: 1,
  maxBoots: 1024,
  ready: 'listen',
  readyTimeout: 30_000,
  // There is no settling: most tests are about what comes after it.
  settle: 0,
  drainTimeout: 20_000,
  migrate: 'on',
  keepPrevious: 0,
  canary: 0,
  canaryWatch: 60_000,
  onDoubt: 'rollback',
  drainDelay: 0,
  readyShare: 0,
  healthPath: undefined,
  shutdownGracePeriod: 10_000,
  heartbeatTimeout: 30_000,
  hangStack: 'off',
  recoverThreshold: 0,
  recoverWindow: 60_000,
  recoverInterval: 100,
  compileCache: undefined,
};

/** The address at which workers of the simulated application listen, unless a test says otherwise. */
export const ADDRESS = '127.0.0.1:80';

export const stop = { type: 'stop', signal: 'SIGTERM', idle: 5000 } as const satisfies FleetEvent;

/** Drives the pure fleet by hand, with a clock that only `at` and `pass` move. */
export class Driver {
  fleet: Fleet;
  at = 0;
  /** What a reload is to run is read at once. A test of that reading sets it to false, and sends the answer itself. */
  renews = true;
  readonly settings: FleetSettings;
  readonly #armed = new Map<string, { timer: Timer; due: number }>();

  /** @param served the addresses that another primary's workers serve. */
  constructor(changes: Partial<FleetSettings> = {}, served: readonly string[] = []) {
    this.settings = { ...settings, ...changes };
    this.fleet = newFleet(this.settings.workers, 1, served);
  }

  send(event: FleetEvent): readonly Effect[] {
    return this.#handle(event);
  }

  #handle(event: FleetEvent): readonly Effect[] {
    const { fleet, effects } = decide(this.fleet, this.settings, event, this.at);
    this.fleet = fleet;
    for (const effect of effects) {
      if (effect.do === 'arm')
        this.#armed.set(nameOf(effect.timer), { timer: effect.timer, due: this.at + effect.after });
      if (effect.do === 'disarm') this.#armed.delete(nameOf(effect.timer));
    }
    if (!this.renews || !effects.some((effect) => effect.do === 'renew')) return effects;
    return [...effects.filter((effect) => effect.do !== 'renew'), ...this.#handle({ type: 'renewed' })];
  }

  /** Starts, and makes every worker, and every spare, ready. */
  serve(): void {
    this.send({ type: 'start' });
    const { workers, spares } = this.settings;
    for (let worker = 1; worker <= workers; worker++) this.boot(worker);
    for (const worker of this.#settling) this.due({ timer: 'settle', worker });
    for (let spare = 1; spare <= spares; spare++) this.boot(workers + spare);
    assert.equal(this.fleet.phase, 'serving');
  }

  /** The process exists, and its application has booted. @returns the effects of the boot. */
  boot(worker: WorkerId): readonly Effect[] {
    this.send({ type: 'forked', worker, pid: pidOf(worker) });
    const isSpare = workerOf(this.fleet, worker)?.slot === undefined;
    return isSpare ? this.send({ type: 'standby', worker }) : this.opens(worker);
  }

  /** The worker's application listens. */
  opens(worker: WorkerId, address: string = ADDRESS): readonly Effect[] {
    this.send({ type: 'granted', worker });
    return this.send({ type: 'opened', worker, address });
  }

  /** A worker that got a slot's sockets, or was told to accept from them, accepts. */
  serving(worker: WorkerId): readonly Effect[] {
    return [...this.opens(worker), ...this.send({ type: 'serving', worker })];
  }

  /** Takes a worker from its fork on until it serves. */
  takeOver(worker: WorkerId): readonly Effect[] {
    this.boot(worker);
    return this.serving(worker);
  }

  exit(worker: WorkerId, code: number | null = 1, signal: NodeJS.Signals | null = null): readonly Effect[] {
    return this.send({ type: 'exited', worker, code, signal });
  }

  /** The worker drains, is told to end, and ends. @returns the effects of its exit. */
  leave(worker: WorkerId): readonly Effect[] {
    this.send({ type: 'drained', worker });
    return this.exit(worker, null, 'SIGTERM');
  }

  /** A deadline comes due now, whatever its time is. It has to be armed. */
  due(timer: Timer): readonly Effect[] {
    const armed = this.#armed.get(nameOf(timer));
    assert.ok(armed, `${nameOf(timer)} is not armed`);
    this.at = Math.max(this.at, armed.due);
    this.#armed.delete(nameOf(timer));
    return this.send({ type: 'due', timer });
  }

  /** Returns the time until the deadline; undefined when it is not armed. */
  left(timer: Timer): number | undefined {
    const armed = this.#armed.get(nameOf(timer));
    return armed && armed.due - this.at;
  }

  get armed(): Timer[] {
    return [...this.#armed.values()].map(({ timer }) => timer);
  }

  get #settling(): WorkerId[] {
    return this.armed.flatMap((timer) => (timer.timer === 'settle' ? timer.worker : []));
  }

  /** The states of the slots' workers. */
  get states(): string[] {
    return this.fleet.slots.map(({ worker }) => workerOf(this.fleet, worker)?.state ?? 'vacant');
  }

  /** The worker of each slot. */
  get workers(): Array<WorkerId | undefined> {
    return this.fleet.slots.map(({ worker }) => worker);
  }
}

function nameOf(timer: Timer): string {
  return JSON.stringify(timer);
}

export function pidOf(worker: WorkerId): number {
  return 1000 + worker;
}

type EffectOf<Do extends Effect['do']> = Extract<Effect, { do: Do }>;

export function kinds(effects: readonly Effect[]): string[] {
  return effects.map((effect) => effect.do);
}

export function find<Do extends Effect['do']>(effects: readonly Effect[], kind: Do): Array<EffectOf<Do>> {
  return effects.filter((effect): effect is EffectOf<Do> => effect.do === kind);
}

/** Returns the workers that these effects are about. */
export function workersOf(
  effects: readonly Effect[],
  kind: 'fork' | 'drain' | 'terminate' | 'kill' | 'promote' | 'accept' | 'park',
): WorkerId[] {
  return find(effects, kind).map(({ worker }) => worker);
}

/** Returns the lines that the log gets. */
export function lines(effects: readonly Effect[]): Line[] {
  return find(effects, 'tell').flatMap(({ event }) => lineOf(event) ?? []);
}

export function logged(effects: readonly Effect[]): string[] {
  return lines(effects).map(({ text }) => text);
}
