import type { WorkerId } from '../../../../src/primary/fleet/ids.ts';
import type { Random } from '../../../support/random.ts';

/** The two addresses of the simulated application: the second is opened some time after the first. */
export type Port = 'first' | 'second';

/** The messages of a worker to the primary. `exit` is what the primary sees when the rest has been said. */
export type Said =
  | { readonly type: 'listen'; readonly port: Port }
  | { readonly type: 'opened' | 'listening' | 'closed' | 'returned'; readonly listener: number }
  | { readonly type: 'started' | 'ready' | 'drained' }
  | { readonly type: 'exit'; readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** The messages of the primary to a worker. */
export type Heard =
  | { readonly type: 'granted'; readonly listener: number; readonly port: Port; readonly isParked: boolean }
  | { readonly type: 'accept' | 'park'; readonly listener: number }
  | { readonly type: 'adopt' | 'release'; readonly listener: number; readonly slot: number }
  | { readonly type: 'drain' | 'late' };

/** The application that all workers run. */
export interface Application {
  /** True when it listens. Some applications never do. */
  readonly listens: boolean;
  /** Whether it opens the second address, or closes it where it is open. */
  wantsSecond: boolean;
}

/** The mood of the application: 0 is never, 1 at every turn. */
export interface Mood {
  readonly crash: number;
  readonly hang: number;
  /** How often it does what it is to do, instead of letting time pass. */
  readonly act: number;
}

export const calm: Mood = { crash: 0, hang: 0, act: 1 };

interface Open {
  readonly listener: number;
  readonly adopted: Set<number>;
  isParked: boolean;
}

/**
 * A process, as the primary can know one. It boots, asks for sockets, listens, drains, ends when it is told to, and may
 * crash or hang at any time. Its messages are on their way until the test delivers them, in order.
 */
export class SimulatedWorker {
  readonly id: WorkerId;
  readonly outbox: Said[] = [{ type: 'started' }];
  readonly inbox: Heard[] = [];
  readonly #random: Random;
  readonly #application: Application;
  readonly #open = new Map<Port, Open>();
  #asked: Port | undefined;
  #hasSaidReady = false;
  isAlive = true;
  isHung = false;
  #isDraining = false;
  #isTerminated = false;

  constructor(id: WorkerId, random: Random, application: Application) {
    this.id = id;
    this.#random = random;
    this.#application = application;
  }

  /** Whether it has a socket of the listener, or is about to get one. */
  has(listener: number): boolean {
    const sends: ReadonlySet<Heard['type']> = new Set(['granted', 'adopt']);
    const isSent = (heard: Heard): boolean =>
      sends.has(heard.type) && 'listener' in heard && heard.listener === listener;
    return this.isAlive && (this.#byListener(listener) !== undefined || this.inbox.some(isSent));
  }

  /** Makes a turn of its event loop. */
  act({ crash, hang, act }: Mood): void {
    const random = this.#random;
    if (!this.isAlive) return;
    if (this.isHung) {
      if (hang === 0) this.isHung = false;
      else if (random.chance(0.3)) this.isHung = false;
      return;
    }
    if (random.chance(crash)) return this.#exit(random.chance(0.5) ? 1 : 0, null);
    if (random.chance(hang)) return void (this.isHung = true);
    if (random.chance(act)) this.#proceed();
  }

  /** Hears the next message that was sent to it. */
  hear(): void {
    const heard = this.isHung ? undefined : this.inbox.shift();
    if (heard === undefined) return;
    switch (heard.type) {
      case 'granted':
        this.#asked = undefined;
        this.#open.set(heard.port, { listener: heard.listener, adopted: new Set(), isParked: heard.isParked });
        this.outbox.push({ type: heard.isParked ? 'opened' : 'listening', listener: heard.listener });
        return;
      case 'late':
        this.#asked = undefined;
        return;
      case 'park':
      case 'accept':
        return this.#park(heard.listener, heard.type === 'park');
      case 'adopt':
        return this.#adopt(heard);
      case 'release':
        if (this.#byListener(heard.listener)?.adopted.delete(heard.slot)) {
          this.outbox.push({ type: 'returned', listener: heard.listener });
        }
        return;
      case 'drain':
        this.#isDraining = true;
        for (const port of this.#open.keys()) this.#close(port);
        this.outbox.push({ type: 'drained' });
    }
  }

  /** Gets SIGTERM. Most workers end soon. */
  terminate(): void {
    this.#isTerminated = true;
  }

  /** Gets SIGKILL. */
  kill(): void {
    if (this.isAlive) this.#exit(null, 'SIGKILL');
  }

  #proceed(): void {
    if (this.#isTerminated) return this.#exit(null, 'SIGTERM');
    if (this.#asked !== undefined || this.#isDraining) return;
    const { listens, wantsSecond } = this.#application;
    if (!listens) {
      // Such a worker is ready, and says so more than once.
      if (!this.#hasSaidReady || this.#random.chance(0.05)) this.outbox.push({ type: 'ready' });
      this.#hasSaidReady = true;
    } else if (!this.#open.has('first')) {
      this.#listen('first');
    } else if (!this.#hasSaidReady) {
      this.#hasSaidReady = true;
      this.outbox.push({ type: 'ready' });
    } else if (this.#open.has('second') !== wantsSecond) {
      if (wantsSecond) this.#listen('second');
      else this.#close('second');
    } else if (wantsSecond && this.#random.chance(0.01)) {
      this.#close('second');
    }
  }

  #adopt({ listener, slot }: { readonly listener: number; readonly slot: number }): void {
    const open = this.#byListener(listener);
    if (open === undefined || open.isParked || open.adopted.has(slot)) this.outbox.push({ type: 'returned', listener });
    else open.adopted.add(slot);
  }

  #park(listener: number, isParked: boolean): void {
    const open = this.#byListener(listener);
    if (open === undefined || open.isParked === isParked) return;
    open.isParked = isParked;
    if (!isParked) this.outbox.push({ type: 'listening', listener });
  }

  #listen(port: Port): void {
    this.#asked = port;
    this.outbox.push({ type: 'listen', port });
  }

  #close(port: Port): void {
    const { listener, adopted } = this.#open.get(port)!;
    this.#open.delete(port);
    this.outbox.push({ type: 'closed', listener });
    for (const _slot of adopted) this.outbox.push({ type: 'returned', listener });
  }

  #byListener(listener: number): Open | undefined {
    return [...this.#open.values()].find((open) => open.listener === listener);
  }

  #exit(code: number | null, signal: NodeJS.Signals | null): void {
    this.isAlive = false;
    this.isHung = false;
    this.inbox.length = 0;
    this.outbox.push({ type: 'exit', code, signal });
  }
}
