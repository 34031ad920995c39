import { PreforkError } from '../../errors.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { firstWorkers, FORMAT, type AdminSocket, type Handover } from '../../upgrade/handover.ts';
import { EventHistory } from '../telemetry/event-history.ts';
import { decide } from '../fleet/decide.ts';
import type { Announcement, FleetEvent } from '../fleet/events.ts';
import type { RequestId } from '../fleet/ids.ts';
import { newAutoscale } from '../fleet/autoscale/autoscale.ts';
import { newFleet, type Fleet } from '../fleet/fleet.ts';
import { OLD_PRIMARY, type NativeClient } from '../workers/handoffs.ts';
import { Resources } from './resources.ts';
import { EffectRunner } from './effect-runner.ts';
import type { QueuedEvent } from './event-queue.ts';
import { NO_SLOT_HERE } from '../../ipc/messages.ts';
import type { Taker } from '../../upgrade/old-primary.ts';
import { Reporter } from '../telemetry/reporter.ts';
import type { SupervisorParts } from './supervisor-parts.ts';
import { MessageRouter } from './message-router.ts';

/** The listener of a handoff at which no worker listens, so that the receiver refuses it. */
const NO_LISTENER = -1;

/** The parts that hear of the supervisor, and are there once it runs. */
export interface Outlets {
  /** Returns the socket of `--admin`, which the primary that succeeds this one gets too. */
  readonly adminSocket: () => AdminSocket | undefined;
  /** Tells the supervisors of the primary: systemd, and the primary before this one. */
  readonly announce: (announcement: Announcement) => void;
}

/**
 * Owns the fleet as it is now, and all that the primary holds. Takes the events of the queue one at a time. Pure
 * functions decide on an event, and the effect runner carries the decision out.
 *
 * `run` settles when every process is gone and everything owned is closed.
 */
export class Supervisor {
  /** The last events. */
  readonly history: EventHistory = new EventHistory();
  readonly resources: Resources;
  readonly #parts: SupervisorParts;
  readonly #router: MessageRouter;
  readonly #runner: EffectRunner;
  #fleet: Fleet;
  #outlets: Outlets | undefined;
  #ended: ((error: PreforkError | undefined) => void) | undefined;

  constructor(parts: SupervisorParts) {
    const { launches, sharing, handover, log, queue, address } = parts;
    const workers = firstWorkers(handover, launches.settings);
    const { post } = queue;
    this.#parts = parts;
    this.#fleet = newFleet(workers);
    this.resources = new Resources(parts, {
      post,
      fleet: () => this.#fleet,
      control: () => address.path,
      handover: () => this.#handover(),
    });
    const { processes, listeners, datagrams, handoffs, metrics, reports, timers, launcher, pending } = this.resources;
    this.#router = new MessageRouter({
      sharing,
      listeners,
      datagrams,
      handoffs,
      metrics,
      reports,
      post,
      log,
      workers: () => this.#fleet.slots.length,
      broke: (error) => this.#broke(error),
    });
    const reporter = new Reporter({ log, history: this.history, totals: this.resources.totals });
    this.#runner = new EffectRunner({
      ...parts,
      half: this.resources.half,
      processes,
      listeners,
      datagrams,
      timers,
      launcher,
      pending,
      post,
      ownListeners: () => this.resources.ownListeners(),
      announce: (announcement) => this.#outlets?.announce(announcement),
      tell: (event) => {
        reporter.tell(event);
        // The half is replaced with the release that it belongs to.
        if (event.name === 'reload done') this.resources.half.renew();
      },
      finish: (error) => void this.#finish(error),
    });
    if (handover === undefined) return;
    listeners.inherit(handover, workers);
    datagrams.inherit(handover.datagrams ?? []);
    const { paused } = handover;
    this.#fleet = {
      ...newFleet(workers, handover.generation + 1, listeners.addresses),
      autoscale: paused && newAutoscale(paused),
    };
  }

  /** @throws PreforkError the reason why it gave up. */
  run(outlets: Outlets): Promise<void> {
    this.#outlets = outlets;
    return new Promise((resolve, reject) => {
      this.#ended = (error) => (error === undefined ? resolve() : reject(error));
      if (this.#parts.board !== undefined) this.resources.poller.start();
      this.resources.half.start();
      this.#parts.queue.run((event) => this.#handleOrFail(event), { type: 'start' });
    });
  }

  /** Posts an event, and returns its outcome. */
  ask(event: (request: RequestId) => FleetEvent): Promise<Outcome> {
    return this.resources.pending.wait((request) => this.#parts.queue.post(event(request)));
  }

  /**
   * Handles an event, and keeps a fault of our own in bounds. A message of a worker ends no process but that worker,
   * and the next look comes whatever this one was. Any other event would be missing for ever. So a fault over it stops
   * everything in order, instead of leaving the workers orphans.
   */
  #handleOrFail(event: QueuedEvent): void {
    try {
      this.#handle(event);
    } catch (error) {
      if (event.type === 'message' || event.type === 'look' || event.type === 'offended') {
        this.#parts.fault(error);
        if (event.type !== 'message') return;
        const offence = { what: `prefork threw ${String(error)}`, body: event.message, isLast: false };
        this.#parts.queue.post({ type: 'offended', worker: event.worker, offence });
        return;
      }
      if (event.type === 'fail') throw error;
      this.#broke(error);
    }
  }

  #handle(event: QueuedEvent): void {
    if (event.type === 'message') return this.#router.route(event);
    if (event.type === 'look') return this.resources.poller.look(this.#fleet);
    // The worker's sockets are given up before another worker takes its slot over: a neighbour serves what it had open
    // from here on.
    if (event.type === 'exited') this.#router.gone(event.worker);
    const { launches, os } = this.#parts;
    const known = event.type === 'renewed' ? this.#adopt(event) : event;
    const { fleet, effects } = decide(this.#fleet, launches.settings, known, os.now());
    this.#fleet = fleet;
    for (const effect of effects) this.#runner.perform(effect);
  }

  /** What was read counts from now on, unless the operation was given up meanwhile. */
  #adopt(event: Extract<FleetEvent, { type: 'renewed' }>): FleetEvent {
    if (this.#fleet.running?.isRenewing !== true) return event;
    return { ...event, workers: this.#parts.launches.adopt() };
  }

  #broke(error: unknown): void {
    this.#parts.queue.post({ type: 'fail', error: new PreforkError('ERR_INTERNAL', String(error), { cause: error }) });
  }

  /**
   * Closes everything, and settles `run`. A failure here leaves something behind, and the primary ends all the same.
   */
  async #finish(error: PreforkError | undefined): Promise<void> {
    try {
      // A next primary that was given up ends first, and takes with it what it has made.
      await this.resources.close();
    } catch {
      // The comment above says why this is ignored.
    }
    this.#ended?.(error);
  }

  /** Has connections served here that come from workers of the primary before this one; undefined where none moves. */
  get taker(): Taker | undefined {
    const { handoffs, listeners } = this.resources;
    const { launches, binder } = this.#parts;
    // The channel between the two primaries is the binder's when the other one has left.
    if (launches.settings.migrate === 'off' || binder !== undefined) return undefined;
    return {
      take: (id, { key, slot, worker, peer }, handle) => {
        const header = { listener: listeners.idOf(key) ?? NO_LISTENER, from: NO_SLOT_HERE, nth: 0 };
        const handoff = { ...header, id, to: slot, move: 'upgrade', ...(peer && { peer }) } as const;
        handoffs.pass(OLD_PRIMARY, handoff, handle as NativeClient | undefined, worker);
      },
      recall: (id) => handoffs.recall(OLD_PRIMARY, id),
      gone: () => handoffs.gone(OLD_PRIMARY),
    };
  }

  #handover(): Handover {
    const { launches, notifyFd, isFromRoot, binder, board, address, seed } = this.#parts;
    const { slots, generation, autoscale } = this.#fleet;
    const paused = autoscale?.paused;
    const { workers: given, range } = launches.settings;
    const workers = slots.length === given ? undefined : slots.length;
    const isAutoscaled = range !== undefined;
    const { name, path: control } = address;
    const rest = {
      paused,
      seed,
      notifyFd,
      isFromRoot,
      binderFd: binder?.fd,
      admin: this.#outlets?.adminSocket(),
      ...this.resources.manifest(),
    };
    return { format: FORMAT, name, control, board: board?.path, generation, workers, isAutoscaled, ...rest };
  }

  get fleet(): Fleet {
    return this.#fleet;
  }
}
