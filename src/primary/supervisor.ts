import { PreforkError } from '../errors.ts';
import type { Outcome } from '../control/controls.ts';
import type { OpenSocket } from '../listeners/listener-set.ts';
import type { Row } from '../scoreboard/layout.ts';
import type { Totals } from '../metrics/totals.ts';
import { FORMAT, type Legacy } from '../upgrade/legacy.ts';
import type { ApplicationMetrics } from './application-metrics.ts';
import { Chronicle } from './chronicle.ts';
import type { WorkerSaid } from './crew.ts';
import { decide } from './decide.ts';
import type { FleetEvent, RequestId, WorkerId } from './events.ts';
import { newFleet, type Fleet } from './fleet.ts';
import type { HandoffCounts } from './handoffs.ts';
import { happenings, type Happening } from './happenings.ts';
import { Holdings } from './holdings.ts';
import { Interpreter } from './interpreter.ts';
import type { Look } from './lookout.ts';
import { publish } from './publish.ts';
import type { SupervisorParts } from './supervisor-parts.ts';
import { Switchboard } from './switchboard.ts';

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
  readonly chronicle: Chronicle = new Chronicle();
  readonly #parts: SupervisorParts;
  readonly #holdings: Holdings;
  readonly #switchboard: Switchboard;
  readonly #interpreter: Interpreter;
  readonly #queue: QueuedEvent[] = [];
  /** Until it runs, what comes waits. */
  #isHandling = true;
  #fleet: Fleet;
  #settle: ((error: PreforkError | undefined) => void) | undefined;

  constructor(parts: SupervisorParts) {
    const { settings, sharing, legacy, log } = parts;
    const workers = legacy?.workers ?? settings.workers;
    const post = (event: QueuedEvent): void => this.post(event);
    this.name = legacy?.name ?? settings.name;
    this.#parts = parts;
    this.#fleet = newFleet(workers);
    this.#holdings = new Holdings(parts, {
      post,
      fleet: () => this.#fleet,
      control: () => this.control,
      legacy: () => this.#legacy(),
    });
    const { crew, listeners, datagrams, handoffs, metrics, timers, succession, callers } = this.#holdings;
    this.#switchboard = new Switchboard({
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
    this.#interpreter = new Interpreter({
      ...parts,
      crew,
      listeners,
      datagrams,
      timers,
      succession,
      callers,
      post,
      finish: (error) => void this.#finish(error),
    });
    if (legacy === undefined) return;
    listeners.inherit(legacy, workers);
    datagrams.inherit(legacy.datagrams ?? []);
    this.#fleet = newFleet(workers, legacy.generation + 1, listeners.addresses);
  }

  /** @throws PreforkError why it gave up. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
      if (this.#parts.board !== undefined) this.#holdings.lookout.start();
      this.#isHandling = false;
      this.post({ type: 'start' });
    });
  }

  /** Posts an event that somebody waits for the outcome of. */
  ask(event: (request: RequestId) => FleetEvent): Promise<Outcome> {
    return this.#holdings.callers.wait((request) => this.post(event(request)));
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
    if (event.type === 'message') return this.#switchboard.route(event);
    if (event.type === 'look') return this.#holdings.lookout.look(this.#fleet);
    // Before anybody takes its slot over: whatever it had open is a neighbour's to serve from here on.
    if (event.type === 'exited') this.#switchboard.gone(event.worker);
    const { settings, os } = this.#parts;
    const before = this.#fleet;
    const at = os.now();
    const { fleet, effects } = decide(before, settings, event, at);
    this.#fleet = fleet;
    for (const effect of effects) this.#interpreter.perform(effect);
    for (const happening of happenings(before, event, fleet, at)) this.#tell(happening);
  }

  #tell(happening: Happening): void {
    if (happening.name === 'worker:exit') {
      const { slot, reason } = happening.message;
      if (slot !== undefined) this.totals.exited(slot, reason);
    }
    publish(happening);
    this.chronicle.add(happening, Date.now());
  }

  #broke(error: unknown): void {
    this.post({ type: 'fail', error: new PreforkError('ERR_INTERNAL', String(error), { cause: error }) });
  }

  /** What fails here leaves something behind; the primary ends all the same. */
  async #finish(error: PreforkError | undefined): Promise<void> {
    try {
      // A next primary that was given up ends first, and takes with it what it has made.
      await this.#holdings.close();
    } catch {
      // Said above.
    }
    this.#settle?.(error);
  }

  /** The primary before this one is gone: what it left is this one's. */
  own(): void {
    this.#holdings.listeners.own();
    this.post({ type: 'left-alone' });
  }

  #legacy(): Legacy {
    const { settings, notifyFd, binder, adminSocket, board } = this.#parts;
    const { slots, generation } = this.#fleet;
    const workers = slots.length === settings.workers ? undefined : slots.length;
    const { name, control } = this;
    const sockets = { notifyFd, binderFd: binder?.fd, admin: adminSocket(), ...this.#holdings.bequeath() };
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
    return this.#holdings.listeners.addresses;
  }

  /** Those that are open, for the kernel to be asked about. */
  get sockets(): OpenSocket[] {
    return this.#holdings.listeners.sockets;
  }

  /** A worker's figures as it wrote them last. */
  readonly row = (worker: WorkerId): Row | undefined => this.#holdings.crew.row(worker);

  /** How the handoffs so far ended. */
  get handoffs(): HandoffCounts {
    return this.#holdings.handoffs.counts;
  }

  /** What the application's own registries have. */
  get applicationMetrics(): ApplicationMetrics {
    return this.#holdings.metrics;
  }

  /** What workers that have ended had counted. */
  get totals(): Totals {
    return this.#holdings.totals;
  }
}
