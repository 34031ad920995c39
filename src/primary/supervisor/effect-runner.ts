import type { PreforkError } from '../../errors.ts';
import type { DatagramSockets } from '../../listeners/datagram-sockets.ts';
import type { ListenerSet } from '../../listeners/listener-set.ts';
import type { PendingRequests } from './pending-requests.ts';
import type { WorkerProcesses } from '../workers/worker-processes.ts';
import type { Announcement, Effect, FleetEvent } from '../fleet/events.ts';
import type { WorkerId } from '../fleet/ids.ts';
import type { LifecycleEvent } from '../fleet/lifecycle-events.ts';
import type { PrimaryHalf } from '../half/half.ts';
import type { Hooks } from './hooks.ts';
import type { Launches } from './launches.ts';
import type { Os } from '../workers/os.ts';
import type { UpgradeLauncher } from './upgrade-launcher.ts';
import type { Timers } from './timers.ts';

export interface EffectRunnerParts {
  readonly os: Pick<Os, 'signal'>;
  readonly processes: WorkerProcesses;
  readonly listeners: ListenerSet;
  readonly datagrams: DatagramSockets;
  readonly timers: Timers;
  readonly launcher: UpgradeLauncher;
  readonly launches: Launches;
  readonly half: Pick<PrimaryHalf, 'goBack'>;
  readonly pending: PendingRequests;
  readonly hooks: Hooks;
  /** Tells of what was decided. */
  readonly tell: (event: LifecycleEvent) => void;
  /** Takes the event that an effect causes. */
  readonly post: (event: FleetEvent) => void;
  /** Tells the supervisors of the primary: systemd, and the primary before this one. */
  readonly announce: (announcement: Announcement) => void;
  readonly ownListeners: () => void;
  readonly finish: (error: PreforkError | undefined) => void;
}

type EffectOf<Do extends Effect['do']> = Extract<Effect, { do: Do }>;
type Handlers = { readonly [Do in Effect['do']]: (effect: EffectOf<Do>) => void };

/** Carries out what was decided, with a row for each effect. Owns nothing, and remembers nothing. */
export class EffectRunner {
  readonly #parts: EffectRunnerParts;

  constructor(parts: EffectRunnerParts) {
    this.#parts = parts;
  }

  perform(effect: Effect): void {
    (this.#handlers[effect.do] as (effect: Effect) => void)(effect);
  }

  readonly #handlers: Handlers = {
    fork: (effect) => {
      const { listeners, datagrams, processes } = this.#parts;
      listeners.join(effect.worker, effect.slot, { isParked: effect.isParked });
      datagrams.join(effect.worker, effect);
      processes.fork(effect);
    },
    promote: ({ worker, slot, isParked }) => {
      const { listeners, datagrams, processes } = this.#parts;
      processes.send(worker, { type: 'promote', slot });
      listeners.seat(worker, slot, { isParked });
      datagrams.join(worker, { isParked });
    },
    accept: ({ worker }) => {
      const { listeners, datagrams, post } = this.#parts;
      datagrams.accept(worker);
      // A worker that accepts everywhere already, or nowhere, has nothing to say.
      if (listeners.accept(worker) === 0) post({ type: 'serving', worker });
    },
    park: ({ worker }) => {
      this.#parts.listeners.park(worker);
      this.#parts.datagrams.park(worker);
    },
    shed: ({ worker, do: _shed, ...terms }) => void this.#parts.processes.send(worker, { type: 'shed', ...terms }),
    unshed: ({ worker }) => void this.#parts.processes.send(worker, { type: 'unshed' }),
    drain: ({ worker, do: _drain, ...terms }) => {
      this.#parts.listeners.leaving(worker);
      this.#parts.datagrams.leaving(worker);
      this.#parts.processes.send(worker, { type: 'drain', ...terms });
    },
    inform: ({ worker, do: _inform, ...terms }) =>
      void this.#parts.processes.send(worker, { type: 'server', ...terms }),
    hold: ({ worker, do: _hold, ...terms }) => void this.#parts.processes.send(worker, { type: 'held', ...terms }),
    terminate: ({ worker }) => {
      this.#parts.listeners.leaving(worker);
      this.#parts.processes.terminate(worker);
    },
    kill: ({ worker }) => this.#parts.processes.kill(worker, 'SIGKILL'),
    rescue: ({ worker, isHung }) => this.#parts.listeners.hung(worker, isHung),
    diagnose: ({ worker }) => this.#diagnose(worker),
    arm: ({ timer, after }) => this.#parts.timers.arm(timer, after),
    disarm: ({ timer }) => this.#parts.timers.disarm(timer),
    vacate: ({ slot }) => {
      this.#parts.listeners.vacate(slot);
      this.#parts.datagrams.vacate(slot);
    },
    reopen: ({ slot }) => this.#parts.listeners.reopen(slot),
    sweep: ({ slot }) => {
      this.#parts.listeners.sweep(slot);
      this.#parts.datagrams.sweep(slot);
    },
    'close-listeners': (options) => this.#parts.listeners.close(options),
    announce: (announcement) => {
      // The workers that served before ours are told to leave now.
      if (announcement.what === 'ready') this.#own();
      this.#parts.announce(announcement);
    },
    renew: () => this.#renew(),
    revert: () => {
      this.#parts.launches.revert();
      this.#parts.half.goBack();
    },
    upgrade: ({ node }) => void this.#parts.launcher.begin(node),
    'abandon-upgrade': () => void this.#parts.launcher.abandon(),
    signal: ({ pid, signal }) => this.#parts.os.signal(pid, signal),
    answer: ({ request, outcome }) => this.#parts.pending.answer(request, outcome),
    tell: ({ event }) => this.#parts.tell(event),
    call: (effect) => this.#call(effect),
    finish: ({ error }) => this.#parts.finish(error),
  };

  #renew(): void {
    const { launches, post } = this.#parts;
    if (launches.isFixed) return post({ type: 'renewed' });
    void launches.renew().then((renewed) => {
      // The reload that it was read for has ended, and another one reads it again.
      if (renewed === undefined) return;
      post(renewed.ok ? { type: 'renewed' } : { type: 'not-renewed', reason: renewed.reason });
    });
  }

  #own(): void {
    this.#parts.ownListeners();
    this.#parts.datagrams.own();
  }

  #diagnose(worker: WorkerId): void {
    const { processes, post } = this.#parts;
    void processes
      .stackOf(worker)
      .catch((error: unknown) => `unknown: ${String(error)}`)
      .then((stack) => stack !== undefined && post({ type: 'diagnosed', worker, stack }));
  }

  /**
   * Calls a hook. Hooks are the user's code, so they run outside the queue, and the failure of one becomes an event.
   */
  #call(effect: EffectOf<'call'>): void {
    void this.#parts.hooks.call(effect).then((error) => {
      if (error !== undefined) this.#parts.post({ type: 'fail', error });
    });
  }
}
