import type { ChildProcess } from 'node:child_process';
import { PreforkError } from '../errors.ts';
import { contextEnvironment } from '../ipc/context.ts';
import type { WorkerMessage } from '../ipc/messages.ts';
import { formatAddress } from '../listeners/address.ts';
import { ListenerSet } from '../listeners/listener-set.ts';
import type { Sharing } from '../listeners/sharing.ts';
import type { Settings } from '../options/index.ts';
import type { Board } from '../scoreboard/board.ts';
import { NO_ROW } from '../scoreboard/rows.ts';
import { decide } from './decide.ts';
import type { Effect, FleetEvent, Timer, WorkerId } from './events.ts';
import { newFleet, type Fleet } from './fleet.ts';
import type { Hooks } from './hooks.ts';
import type { Log } from './log.ts';
import type { Os, Program } from './os.ts';
import { WorkerProcess } from './worker-process.ts';

/** What the supervisor's one queue holds: events of the fleet, and what workers say. */
type QueuedEvent =
  | FleetEvent
  | { readonly type: 'message'; readonly worker: WorkerId; readonly message: WorkerMessage };

type EffectOf<Do extends Effect['do']> = Extract<Effect, { do: Do }>;

export interface SupervisorParts {
  readonly settings: Settings;
  readonly program: Program;
  readonly sharing: Sharing;
  /** Undefined where no file could be made. */
  readonly board: Board | undefined;
  readonly hooks: Hooks;
  readonly log: Log;
  readonly os: Os;
}

/**
 * Owns the workers' processes, the listeners and the timers, and the one queue through which everything that happens
 * goes. Events are handled one at a time: decided on by pure functions, carried out here.
 *
 * `run` settles when every process is gone and everything owned is closed.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #listeners: ListenerSet;
  readonly #workers = new Map<WorkerId, WorkerProcess>();
  readonly #timers = new Map<string, () => void>();
  /** Logged as listening. */
  readonly #addresses = new Set<string>();
  readonly #queue: QueuedEvent[] = [];
  #fleet: Fleet;
  #settle: ((error: PreforkError | undefined) => void) | undefined;
  #isHandling = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#fleet = newFleet(parts.settings.workers);
    this.#listeners = new ListenerSet(parts.sharing, (worker, message, handle) =>
      this.#workers.get(worker)?.send(message, handle),
    );
  }

  /** @throws PreforkError why it gave up. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
      this.post({ type: 'start' });
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
    if (event.type === 'message') {
      this.#onMessage(event.worker, event.message);
      return;
    }
    const { settings, os } = this.#parts;
    const { fleet, effects } = decide(this.#fleet, settings, event, os.now());
    this.#fleet = fleet;
    for (const effect of effects) this.#perform(effect);
  }

  #onMessage(worker: WorkerId, message: WorkerMessage): void {
    switch (message.type) {
      case 'listen': {
        const { request, ...query } = message;
        void this.#listeners.request(worker, request, query).catch((error: unknown) => this.#broke(error));
        return;
      }
      case 'listening':
        this.#onListening(worker, message.listener);
        return;
      case 'closed':
        this.#listeners.closed(worker, message.listener);
        return;
      case 'serving':
        this.#logListening(message);
        this.post({ type: 'ready', worker });
        return;
      case 'ready':
      case 'drained':
        this.post({ type: message.type, worker });
        return;
      case 'lastWords':
        return;
    }
  }

  #onListening(worker: WorkerId, listener: number): void {
    const served = this.#listeners.listening(worker, listener);
    if (served !== undefined) this.#logListening(served);
    this.post({ type: 'ready', worker });
  }

  /** Once for each address: workers come and go, it stays. */
  #logListening(name: { address: string; port: number }): void {
    const address = formatAddress(name);
    if (this.#addresses.has(address)) return;
    this.#addresses.add(address);
    const { sharing, settings, log } = this.#parts;
    // A Unix socket is one socket for all, whatever the mode.
    const mode = name.port === -1 && sharing === 'reuseport' ? 'shared' : sharing;
    log('info', 'listening', { address, sharing: mode, workers: settings.workers });
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'fork':
        return this.#fork(effect);
      case 'drain':
        return this.#workers.get(effect.worker)?.send({ type: 'drain', idle: effect.idle, spread: 0 });
      case 'terminate':
        return this.#kill(effect.worker, 'SIGTERM');
      case 'kill':
        return this.#kill(effect.worker, 'SIGKILL');
      case 'arm':
        return this.#arm(effect.timer, effect.after);
      case 'disarm':
        return this.#disarm(effect.timer);
      case 'sweep':
        return this.#listeners.sweep(effect.slot);
      case 'close-listeners':
        return this.#listeners.close();
      case 'log':
        return this.#parts.log(effect.level, effect.event, effect.fields);
      case 'call':
        return this.#call(effect);
      case 'finish':
        return this.#finish(effect.error);
    }
  }

  #fork({ worker, slot, generation }: EffectOf<'fork'>): void {
    const { os, program, board, sharing, settings } = this.#parts;
    const row = board?.takeRow() ?? NO_ROW;
    const env = contextEnvironment({
      slot,
      generation,
      sharing,
      board: board?.path ?? '',
      row,
      gracePeriod: settings.shutdownGracePeriod,
    });
    let child: ChildProcess;
    try {
      child = os.fork(program, slot, generation, env);
    } catch (cause) {
      // The user's `spawnWorker`, or a machine without memory: a worker that ended before it began.
      board?.freeRow(row);
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.post({ type: 'exited', worker, code: null, signal: null, error });
      return;
    }
    const process = new WorkerProcess(worker, row, child, {
      message: (from, message) => this.post({ type: 'message', worker: from, message }),
      badMessage: (from, body) => this.#parts.log('warn', 'bad message', { worker: from, body: abbreviate(body) }),
      exited: (from, exit) => {
        this.#forget(from);
        this.post({ type: 'exited', worker: from, ...exit });
      },
    });
    this.#workers.set(worker, process);
    this.#listeners.join(worker, slot);
    if (child.pid !== undefined) this.post({ type: 'forked', worker, pid: child.pid });
  }

  #forget(worker: WorkerId): void {
    const process = this.#workers.get(worker);
    if (process === undefined) return;
    this.#workers.delete(worker);
    this.#listeners.gone(worker);
    this.#parts.board?.freeRow(process.row);
  }

  #kill(worker: WorkerId, signal: NodeJS.Signals): void {
    const process = this.#workers.get(worker);
    if (process !== undefined) this.#parts.os.kill(process.child, signal);
  }

  #arm(timer: Timer, after: number): void {
    const name = JSON.stringify(timer);
    this.#disarm(timer);
    const cancel = this.#parts.os.after(after, () => {
      this.#timers.delete(name);
      this.post({ type: 'due', timer });
    });
    this.#timers.set(name, cancel);
  }

  #disarm(timer: Timer): void {
    const name = JSON.stringify(timer);
    this.#timers.get(name)?.();
    this.#timers.delete(name);
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
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#listeners.close();
    this.#parts.board?.close();
    this.#settle?.(error);
  }
}

/** Of what a worker sent instead of a message: enough to find out what it was. */
function abbreviate(body: unknown): string {
  try {
    return (JSON.stringify(body) ?? typeof body).slice(0, 200);
  } catch {
    return typeof body;
  }
}
