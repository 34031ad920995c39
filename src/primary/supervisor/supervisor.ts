import type { MovesByReason } from '../../contract/moves.ts';
import { PreforkError } from '../../errors.ts';
import type { Outcome } from '../../contract/outcome.ts';
import type { OpenSocket } from '../../listeners/listener-set.ts';
import type { Row } from '../../scoreboard/layout.ts';
import type { Totals } from '../../metrics/totals.ts';
import { FORMAT, type Handover } from '../../upgrade/handover.ts';
import type { ApplicationMetrics } from './application-metrics.ts';
import { EventHistory } from '../telemetry/event-history.ts';
import type { WorkerSaid } from '../workers/worker-processes.ts';
import { decide } from '../fleet/decide.ts';
import type { FleetEvent, RequestId, WorkerId } from '../fleet/events.ts';
import { newFleet, type Fleet } from '../fleet/fleet.ts';
import { OLD_PRIMARY, type HandoffCounts, type NativeClient } from '../workers/handoffs.ts';
import { Resources } from './resources.ts';
import { EffectRunner } from './effect-runner.ts';
import type { Look } from './health-poller.ts';
import { NO_SLOT_HERE } from '../../ipc/messages.ts';
import type { Taker } from '../../upgrade/old-primary.ts';
import { Reporter } from '../telemetry/reporter.ts';
import type { SupervisorParts } from './supervisor-parts.ts';
import { MessageRouter } from './message-router.ts';

/** Which no worker listens at: it refuses. */
const NO_LISTENER = -1;

/** What the supervisor's one queue holds: events of the fleet, what workers say, and that it is time to look at them. */
type QueuedEvent = FleetEvent | WorkerSaid | Look;

/**
 * Owns the one queue through which everything that happens goes, the fleet as it is now, and all that the primary holds.
 * Events are handled one at a time: decided on by pure functions, carried out by the interpreter.
 *
 * `run` settles when every process is gone and everything owned is closed.
 */
export class Supervisor {
  /** Under which its control socket is found: another server may have had the one that was asked for. */
  name: string;
  /** The path of that socket; empty while there is none. */
  control = '';
  /** What happened last. */
  readonly history: EventHistory = new EventHistory();
  readonly #parts: SupervisorParts;
  readonly #resources: Resources;
  readonly #router: MessageRouter;
  readonly #runner: EffectRunner;
  readonly #queue: QueuedEvent[] = [];
  /** Until it runs, what comes waits. */
  #isHandling = true;
  #fleet: Fleet;
  #settle: ((error: PreforkError | undefined) => void) | undefined;

  constructor(parts: SupervisorParts) {
    const { settings, sharing, handover, log } = parts;
    const workers = handover?.workers ?? settings.workers;
    const post = (event: QueuedEvent): void => this.post(event);
    this.name = handover?.name ?? settings.name;
    this.#parts = parts;
    this.#fleet = newFleet(workers);
    this.#resources = new Resources(parts, {
      post,
      fleet: () => this.#fleet,
      control: () => this.control,
      handover: () => this.#handover(),
    });
    const { processes, listeners, datagrams, handoffs, metrics, timers, launcher, pending } = this.#resources;
    this.#router = new MessageRouter({
      sharing,
      listeners,
      datagrams,
      handoffs,
      metrics,
      post,
      log,
      workers: () => this.#fleet.slots.length,
      broke: (error) => this.#broke(error),
    });
    this.#runner = new EffectRunner({
      ...parts,
      processes,
      listeners,
      datagrams,
      timers,
      launcher,
      pending,
      post,
      tell: new Reporter({ log, history: this.history, totals: this.#resources.totals }).tell,
      finish: (error) => void this.#finish(error),
    });
    if (handover === undefined) return;
    listeners.inherit(handover, workers);
    datagrams.inherit(handover.datagrams ?? []);
    this.#fleet = newFleet(workers, handover.generation + 1, listeners.addresses);
  }

  /** @throws PreforkError why it gave up. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
      if (this.#parts.board !== undefined) this.#resources.poller.start();
      this.#isHandling = false;
      this.post({ type: 'start' });
    });
  }

  /** Posts an event that somebody waits for the outcome of. */
  ask(event: (request: RequestId) => FleetEvent): Promise<Outcome> {
    return this.#resources.pending.wait((request) => this.post(event(request)));
  }

  /** Takes an event. Handling starts at once, unless an event is being handled: then after that one. */
  post(event: QueuedEvent): void {
    this.#queue.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#handleOrFail(next);
    } finally {
      this.#isHandling = false;
    }
  }

  /**
   * What a worker says ends nobody but itself, and the next look comes whatever this one was. A fault of our own over any other
   * event, which would be missing for ever, stops everything in order, instead of leaving the workers orphans.
   */
  #handleOrFail(event: QueuedEvent): void {
    try {
      this.#handle(event);
    } catch (error) {
      if (event.type === 'message' || event.type === 'look' || event.type === 'offended') {
        this.#parts.fault(error);
        if (event.type !== 'message') return;
        const offence = { what: `prefork threw ${String(error)}`, body: event.message, isLast: false };
        this.post({ type: 'offended', worker: event.worker, offence });
        return;
      }
      if (event.type === 'fail') throw error;
      this.#broke(error);
    }
  }

  #handle(event: QueuedEvent): void {
    if (event.type === 'message') return this.#router.route(event);
    if (event.type === 'look') return this.#resources.poller.look(this.#fleet);
    // Before anybody takes its slot over: whatever it had open is a neighbour's to serve from here on.
    if (event.type === 'exited') this.#router.gone(event.worker);
    const { settings, os } = this.#parts;
    const { fleet, effects } = decide(this.#fleet, settings, event, os.now());
    this.#fleet = fleet;
    for (const effect of effects) this.#runner.perform(effect);
  }

  #broke(error: unknown): void {
    this.post({ type: 'fail', error: new PreforkError('ERR_INTERNAL', String(error), { cause: error }) });
  }

  /** What fails here leaves something behind; the primary ends all the same. */
  async #finish(error: PreforkError | undefined): Promise<void> {
    try {
      // A next primary that was given up ends first, and takes with it what it has made.
      await this.#resources.close();
    } catch {
      // Said above.
    }
    this.#settle?.(error);
  }

  /** The primary before this one is gone: what it left is this one's. */
  own(): void {
    this.#resources.listeners.own();
    this.post({ type: 'left-alone' });
  }

  /** Has connections served here that come from workers of the primary before this one; undefined where none moves. */
  get taker(): Taker | undefined {
    const { handoffs, listeners } = this.#resources;
    const { settings, binder } = this.#parts;
    // The channel between the two primaries is the binder's when the other one has left.
    if (settings.migrate === 'off' || binder !== undefined) return undefined;
    return {
      take: (id, key, slot, handle) => {
        const header = { listener: listeners.idOf(key) ?? NO_LISTENER, from: NO_SLOT_HERE, nth: 0 };
        handoffs.pass(OLD_PRIMARY, { ...header, id, to: slot, move: 'upgrade' }, handle as NativeClient | undefined);
      },
      recall: (id) => handoffs.recall(OLD_PRIMARY, id),
    };
  }

  #handover(): Handover {
    const { settings, notifyFd, binder, adminSocket, board } = this.#parts;
    const { slots, generation } = this.#fleet;
    const workers = slots.length === settings.workers ? undefined : slots.length;
    const { name, control } = this;
    const sockets = { notifyFd, binderFd: binder?.fd, admin: adminSocket(), ...this.#resources.manifest() };
    return { format: FORMAT, name, control, board: board?.path, generation, workers, ...sockets };
  }

  get fleet(): Fleet {
    return this.#fleet;
  }

  /** Whether root started it for another user: what the application's user may write is not loaded here. */
  get isSeparated(): boolean {
    const { user, group } = this.#parts.settings;
    return user !== undefined || group !== undefined;
  }

  /** Monotonic, ms. */
  get now(): number {
    return this.#parts.os.now();
  }

  /** The addresses served now. */
  get addresses(): string[] {
    return this.#resources.listeners.addresses;
  }

  /** Those that are open, for the kernel to be asked about. */
  get sockets(): OpenSocket[] {
    return this.#resources.listeners.sockets;
  }

  /** A worker's figures as it wrote them last. */
  readonly row = (worker: WorkerId): Row | undefined => this.#resources.processes.row(worker);

  /** How the handoffs so far ended. */
  get handoffs(): HandoffCounts {
    return this.#resources.handoffs.counts;
  }

  /** How the moves so far ended, of all workers, also of those that have ended. */
  get moves(): MovesByReason {
    return this.#resources.handoffs.moves;
  }

  /** What the application's own registries have. */
  get applicationMetrics(): ApplicationMetrics {
    return this.#resources.metrics;
  }

  /** What workers that have ended had counted. */
  get totals(): Totals {
    return this.#resources.totals;
  }
}
