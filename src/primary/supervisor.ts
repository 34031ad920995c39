import type { Balance } from '../balance/mode.ts';
import { skewOf } from '../balance/skew.ts';
import { PreforkError } from '../errors.ts';
import type { Outcome } from '../control/controls.ts';
import { formatAddress } from '../listeners/address.ts';
import { ListenerSet } from '../listeners/listener-set.ts';
import type { Inherited } from '../listeners/inherited.ts';
import type { Sharing } from '../listeners/sharing.ts';
import type { Settings } from '../options/index.ts';
import type { Board } from '../scoreboard/board.ts';
import type { Row } from '../scoreboard/layout.ts';
import { Totals } from '../metrics/totals.ts';
import { readFamilies } from '../metrics/family.ts';
import { ApplicationMetrics } from './application-metrics.ts';
import { Callers } from './callers.ts';
import { Crew, type WorkerSaid } from './crew.ts';
import { decide } from './decide.ts';
import type { Effect, FleetEvent, RequestId, WorkerId } from './events.ts';
import { isServing, newFleet, workerOf, type Fleet } from './fleet.ts';
import { Handoffs, type HandoffCounts, type Parcel } from './handoffs.ts';
import { happenings } from './happenings.ts';
import type { Hooks } from './hooks.ts';
import type { Log } from './log.ts';
import type { Os, Program } from './os.ts';
import { Succession } from './succession.ts';
import type { PrefixedOutput } from './prefixed-output.ts';
import { publish } from './publish.ts';
import { connectionsOf } from './status.ts';
import { Timers } from './timers.ts';
import type { Account } from './users.ts';
import { FORMAT, type Legacy } from '../upgrade/legacy.ts';
import { judge, look, newWatch, PERIOD, type Watch } from './watchdog.ts';

/** What the supervisor's one queue holds: events of the fleet, what workers say, and that it is time to look at them. */
type QueuedEvent = FleetEvent | WorkerSaid | { readonly type: 'look' };

/** Beside the ready timeout of its workers, the next primary's own time to start, ms. */
const BOOT = 10_000;

/** Between two lines at debug about connections, ms. */
const BALANCE_PERIOD = 1000;

type EffectOf<Do extends Effect['do']> = Extract<Effect, { do: Do }>;
type Perform = { readonly [Do in Effect['do']]: (effect: EffectOf<Do>) => void };

export interface SupervisorParts {
  readonly settings: Settings;
  readonly program: Program;
  readonly sharing: Sharing;
  readonly balance: Balance;
  /** Undefined where no file could be made. */
  readonly board: Board | undefined;
  readonly hooks: Hooks;
  readonly log: Log;
  readonly os: Os;
  /** Whom workers run as; undefined: as the primary does. */
  readonly account: Account | undefined;
  /** Of the primary before this one, if it is to be succeeded. */
  readonly legacy: Legacy | undefined;
  /** What systemd passed. */
  readonly passed: Inherited | undefined;
  /** Of systemd's notification socket, where it passed that. */
  readonly notifyFd: number | undefined;
  /** Beside the primary's own environment, for the one that succeeds it. */
  readonly successorEnv: NodeJS.ProcessEnv;
  /** Passes on what workers write; undefined: they have the primary's own output. */
  readonly output: PrefixedOutput | undefined;
  /** Tells whoever supervises the primary. */
  readonly announce: (announcement: Announcement) => void;
}

export type Announcement = EffectOf<'announce'>;

/**
 * Owns the workers' processes, the listeners and the timers, and the one queue through which everything that happens
 * goes. Events are handled one at a time: decided on by pure functions, carried out here.
 *
 * `run` settles when every process is gone and everything owned is closed.
 */
export class Supervisor {
  /** Under which its control socket is found: another server may have had the one that was asked for. */
  name: string;
  /** The path of that socket; empty while there is none. */
  control = '';
  /** What the application's own registries have. */
  readonly applicationMetrics: ApplicationMetrics;
  /** What workers that have ended had counted. */
  readonly totals: Totals = new Totals();
  readonly #parts: SupervisorParts;
  readonly #listeners: ListenerSet;
  readonly #crew: Crew;
  readonly #handoffs: Handoffs;
  readonly #timers: Timers;
  readonly #callers = new Callers();
  readonly #succession: Succession;
  /** Logged as listening. */
  readonly #addresses = new Set<string>();
  readonly #queue: QueuedEvent[] = [];
  #fleet: Fleet;
  #watch: Watch;
  #cancelLook: () => void = () => {};
  #settle: ((error: PreforkError | undefined) => void) | undefined;
  #isHandling = false;
  #balanceDue = 0;
  #balanceLogged = '';

  constructor(parts: SupervisorParts) {
    const { settings, sharing, os, legacy } = parts;
    const workers = legacy?.workers ?? settings.workers;
    this.name = legacy?.name ?? settings.name;
    this.#parts = parts;
    this.#fleet = newFleet(workers, (legacy?.generation ?? 0) + 1);
    this.#watch = newWatch(os.now());
    this.#succession = new Succession({
      sharing,
      env: parts.successorEnv,
      within: settings.readyTimeout + BOOT,
      events: {
        ready: (pid) => this.post({ type: 'upgraded', pid }),
        failed: (reason) => this.post({ type: 'upgrade-failed', reason }),
      },
    });
    this.#timers = new Timers(os, (timer) => this.post({ type: 'due', timer }));
    this.applicationMetrics = new ApplicationMetrics({
      send: (worker, request) => this.#crew.send(worker, { type: 'metrics', request }),
      after: (ms, callback) => os.after(ms, callback),
    });
    this.#crew = new Crew({
      ...parts,
      totals: this.totals,
      rebalance: settings.rebalance === 'on',
      gracePeriod: settings.shutdownGracePeriod,
      control: () => this.control,
      slotOf: (worker) => this.#fleet.workers.get(worker)?.slot,
      post: (event) => this.post(event),
    });
    this.#handoffs = new Handoffs({
      send: (worker, message, handle) => this.#crew.send(worker, message, handle),
      workerOf: (slot) => this.#awake(slot),
    });
    this.#listeners = new ListenerSet({
      sharing,
      owner: parts.account,
      passed: parts.passed,
      post: (worker, message, handle) => this.#crew.send(worker, message, handle),
    });
    if (legacy !== undefined) this.#listeners.inherit(legacy, workers);
  }

  /** @throws PreforkError why it gave up. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
      this.post({ type: 'start' });
      if (this.#parts.board !== undefined) this.#lookLater();
    });
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

  /** Posts an event that somebody waits for the outcome of. */
  ask(event: (request: RequestId) => FleetEvent): Promise<Outcome> {
    return this.#callers.wait((request) => this.post(event(request)));
  }

  get fleet(): Fleet {
    return this.#fleet;
  }

  /** The addresses served now. */
  get addresses(): string[] {
    return this.#listeners.listeners.map(formatAddress);
  }

  /** Monotonic, ms. */
  get now(): number {
    return this.#parts.os.now();
  }

  /** How the handoffs so far ended. */
  get handoffs(): HandoffCounts {
    return this.#handoffs.counts;
  }

  /** A worker's figures as it wrote them last. */
  readonly row = (worker: WorkerId): Row | undefined => this.#crew.row(worker);

  /** Those that are open, for the kernel to be asked about. */
  get sockets(): Array<{ readonly address: string; readonly slot: number | undefined; readonly fd: number }> {
    return this.#listeners.listeners.flatMap((listener) =>
      listener.describe().sockets.map(([seat, fd]) => {
        return { address: formatAddress(listener), slot: listener.isPerSlot ? seat : undefined, fd };
      }),
    );
  }

  /** A fault of our own stops everything in order, instead of leaving the workers orphans. */
  #handleOrFail(event: QueuedEvent): void {
    try {
      this.#handle(event);
    } catch (error) {
      if (event.type === 'fail') throw error;
      this.#broke(error);
    }
  }

  #handle(event: QueuedEvent): void {
    if (event.type === 'message') return this.#onMessage(event);
    if (event.type === 'look') return this.#look();
    // Before anybody takes its slot over: whatever it had open is a neighbour's to serve from here on.
    if (event.type === 'exited') this.#gone(event.worker);
    const { settings, os } = this.#parts;
    const before = this.#fleet;
    const at = os.now();
    const { fleet, effects } = decide(before, settings, event, at);
    this.#fleet = fleet;
    for (const effect of effects) (this.#perform[effect.do] as (effect: Effect) => void)(effect);
    this.#tell(before, event, at);
  }

  #gone(worker: WorkerId): void {
    this.#listeners.gone(worker);
    this.#handoffs.gone(worker);
    this.applicationMetrics.gone(worker);
  }

  #tell(before: Fleet, event: FleetEvent, at: number): void {
    for (const happening of happenings(before, event, this.#fleet, at)) {
      if (happening.name === 'worker:exit') {
        const { slot, reason } = happening.message;
        if (slot !== undefined) this.totals.exited(slot, reason);
      }
      publish(happening);
    }
  }

  #onMessage({ worker, message, handle }: WorkerSaid): void {
    switch (message.type) {
      case 'listen': {
        const { request, ...query } = message;
        void this.#listeners.request(worker, request, query).then(
          (answer) => answer === 'held' && this.post({ type: 'ready', worker }),
          (error: unknown) => this.#broke(error),
        );
        return;
      }
      case 'listening': {
        const served = this.#listeners.listening(worker, message.listener);
        if (served !== undefined) this.#logListening(served, served.isPerSlot ? 'reuseport' : 'shared');
        this.post({ type: 'serving', worker });
        return;
      }
      case 'closed':
      case 'returned':
        return this.#listeners[message.type](worker, message.listener);
      case 'handoff':
        return this.#handoffs.pass(worker, message, handle as Parcel | undefined);
      case 'recall':
        return this.#handoffs.recall(worker, message.id);
      case 'taken':
      case 'refused':
        return this.#handoffs.settle(worker, message.id, message.type);
      case 'serving':
        this.#logListening(message, this.#parts.sharing);
        this.post({ type: 'ready', worker });
        return;
      case 'metrics':
        return this.applicationMetrics.answered(worker, message.request, readFamilies(message.families));
      case 'ready':
      case 'drained':
        this.post({ type: message.type, worker });
        return;
    }
  }

  /** The worker that serves the slot, unless it hangs. */
  #awake(slot: number): WorkerId | undefined {
    const place = this.#fleet.slots[slot];
    if (place === undefined || !isServing(this.#fleet, place)) return undefined;
    return workerOf(this.#fleet, place.worker)?.isHung === true ? undefined : place.worker;
  }

  /** Once for each address: workers come and go, it stays. */
  #logListening(name: { address: string; port: number }, sharing: Sharing): void {
    const address = formatAddress(name);
    if (this.#addresses.has(address)) return;
    this.#addresses.add(address);
    this.#parts.log('info', 'listening', { address, sharing, workers: this.#fleet.slots.length });
  }

  readonly #perform: Perform = {
    fork: (effect) => {
      this.#listeners.join(effect.worker, effect.isSeated ? effect.slot : undefined);
      this.#crew.fork(effect);
    },
    promote: ({ worker, slot }) => {
      this.#crew.send(worker, { type: 'promote', slot });
      // One that has asked for no socket serves as it is.
      if (this.#listeners.seat(worker, slot) === 0) this.post({ type: 'serving', worker });
    },
    drain: ({ worker, do: _drain, ...terms }) => {
      this.#listeners.leaving(worker);
      this.#crew.send(worker, { type: 'drain', ...terms });
    },
    terminate: ({ worker }) => {
      this.#listeners.leaving(worker);
      this.#crew.kill(worker, 'SIGTERM');
    },
    kill: ({ worker }) => this.#crew.kill(worker, 'SIGKILL'),
    rescue: ({ worker, isHung }) => this.#listeners.hung(worker, isHung),
    diagnose: ({ worker }) => this.#diagnose(worker),
    arm: ({ timer, after }) => this.#timers.arm(timer, after),
    disarm: ({ timer }) => this.#timers.disarm(timer),
    vacate: ({ slot }) => this.#listeners.vacate(slot),
    reopen: ({ slot }) => this.#listeners.reopen(slot),
    sweep: ({ slot }) => this.#listeners.sweep(slot),
    'close-listeners': (options) => this.#listeners.close(options),
    announce: (announcement) => {
      // Whoever served before us is told to leave now.
      if (announcement.what === 'ready') this.#listeners.own();
      this.#parts.announce(announcement);
    },
    upgrade: () => void this.#succession.begin(() => this.#legacy()),
    'abandon-upgrade': () => this.#succession.abandon(),
    settle: ({ request, outcome }) => this.#callers.settle(request, outcome),
    log: ({ level, event, fields }) => this.#parts.log(level, event, fields),
    call: (effect) => this.#call(effect),
    finish: ({ error }) => this.#finish(error),
  };

  #lookLater(): void {
    this.#cancelLook = this.#parts.os.after(PERIOD, () => this.post({ type: 'look' }));
  }

  #look(): void {
    this.#lookLater();
    this.#logBalance();
    this.#watch = look(this.#watch, this.#parts.os.now());
    for (const worker of this.#fleet.workers.values()) {
      const row = this.#crew.row(worker.id);
      if (row === undefined) continue;
      for (const event of judge(worker, row, this.#watch, this.#parts.settings)) this.post(event);
    }
  }

  /** At debug, every now and then, when anything changed. */
  #logBalance(): void {
    const now = this.now;
    if (this.#parts.settings.logLevel !== 'debug' || now < this.#balanceDue) return;
    this.#balanceDue = now + BALANCE_PERIOD;
    const connections = connectionsOf(this.#fleet, (worker) => this.row(worker));
    const { taken: done, refused, failed } = this.handoffs;
    const fields = { connections: connections.join(','), skew: skewOf(connections).toFixed(2), done, refused, failed };
    const text = Object.values(fields).join(' ');
    if (text === this.#balanceLogged) return;
    this.#balanceLogged = text;
    this.#parts.log('debug', 'connections', fields);
  }

  #diagnose(worker: WorkerId): void {
    const pid = this.#crew.pid(worker);
    if (pid === undefined) return;
    void this.#parts.os
      .stackOf(pid)
      // Such as EMFILE, when what looks is to be loaded.
      .catch((error: unknown) => `unknown: ${String(error)}`)
      .then((stack) => this.post({ type: 'diagnosed', worker, stack }));
  }

  #legacy(): Legacy {
    const { settings, notifyFd } = this.#parts;
    const { slots, generation } = this.#fleet;
    const workers = slots.length === settings.workers ? undefined : slots.length;
    const { name, control } = this;
    return { format: FORMAT, name, control, generation, workers, notifyFd, ...this.#listeners.bequeath() };
  }

  /** Hooks are the user's code: they run outside the queue, and one that fails becomes an event. */
  #call(effect: EffectOf<'call'>): void {
    void this.#parts.hooks.call(effect).then((error) => {
      if (error !== undefined) this.post({ type: 'fail', error });
    });
  }

  #broke(error: unknown): void {
    this.post({ type: 'fail', error: new PreforkError('ERR_INTERNAL', String(error), { cause: error }) });
  }

  #finish(error: PreforkError | undefined): void {
    this.#cancelLook();
    this.#succession.abandon();
    this.#timers.close();
    this.#listeners.close();
    this.#handoffs.close();
    this.#crew.close();
    this.#parts.board?.close();
    this.#callers.close('the server has stopped');
    this.#settle?.(error);
  }
}
