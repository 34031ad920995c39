import type { Effect, Timer } from './events.ts';
import { move, withWorker, type Fleet, type FleetSettings, type Worker } from './fleet.ts';
import type { LifecycleEvent, LifecycleFacts } from './lifecycle-events.ts';
import type { WorkerEvent } from './worker-state.ts';

/** A decision in the making, which lives as long as one event. It moves the fleet on, and collects effects. */
export class Step {
  fleet: Fleet;
  readonly settings: FleetSettings;
  /** Monotonic time, ms. */
  readonly at: number;
  readonly effects: Effect[] = [];

  constructor(fleet: Fleet, settings: FleetSettings, at: number) {
    this.fleet = fleet;
    this.settings = settings;
    this.at = at;
  }

  do(...effects: Effect[]): void {
    this.effects.push(...effects);
  }

  /** Puts effects before all others: they tell what the others come from. */
  doFirst(...effects: Effect[]): void {
    this.effects.unshift(...effects);
  }

  arm(timer: Timer, after: number): void {
    this.effects.push({ do: 'arm', timer, after });
  }

  disarm(timer: Timer): void {
    this.effects.push({ do: 'disarm', timer });
  }

  tell<Name extends keyof LifecycleFacts>(name: Name, facts: LifecycleFacts[Name]): void {
    this.effects.push({ do: 'tell', event: { name, facts } as LifecycleEvent });
  }

  /** Moves a worker of the fleet on; returns it as it is then. */
  move(worker: Worker, event: WorkerEvent, changes: Partial<Worker> = {}): Worker {
    this.fleet = move(this.fleet, worker, event, changes);
    return this.fleet.workers.get(worker.id)!;
  }

  change(worker: Worker, changes: Partial<Worker>): void {
    this.fleet = withWorker(this.fleet, { ...worker, ...changes });
  }
}
