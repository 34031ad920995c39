import assert from 'node:assert/strict';
import type { ListenerMessage, ListenQuery } from '../../../../src/contract/listening.ts';
import { ListenerSet } from '../../../../src/listeners/listener-set.ts';
import { reuseportWorks, type NativeHandle } from '../../../../src/listeners/native.ts';
import type { WorkerId } from '../../../../src/primary/fleet/ids.ts';
import type { Heard, Port, Said } from './simulated-worker.ts';

const sharing = reuseportWorks() ? 'reuseport' : 'shared';

/** Asks for a free port, which is the same for each worker's n-th question. */
function queryOf(port: Port): ListenQuery {
  return {
    address: '127.0.0.1',
    port: 0,
    family: 4,
    ipv6Only: false,
    ordinal: port === 'first' ? 0 : 1,
    readableAll: false,
    writableAll: false,
    data: null,
  };
}

interface Accepting {
  readonly slot: number;
  /** True when the primary knows that it accepts from its own slot's socket. */
  isListening: boolean;
  readonly adopted: Set<number>;
}

/**
 * The real listeners, and beside them a second account of which worker accepts from which socket. That account is kept
 * from the messages alone. Owns the listeners, which `close` closes.
 */
export class SimulatedSockets {
  readonly set: ListenerSet;
  readonly #post: (worker: WorkerId, heard: Heard) => void;
  readonly #asked = new Map<WorkerId, Port>();
  /** The sockets from which workers accept, by listener, by worker. */
  readonly #accepting = new Map<number, Map<WorkerId, Accepting>>();
  /** The slots on whose sockets a worker has listened, by listener. */
  readonly #opened = new Map<number, Set<number>>();
  readonly #sockets = new Map<number, NativeHandle>();
  readonly #away = new Set<WorkerId>();
  readonly #hung = new Set<WorkerId>();

  constructor(post: (worker: WorkerId, heard: Heard) => void) {
    this.#post = post;
    this.set = new ListenerSet({
      sharing,
      post: (worker, message, socket) => this.#onSent(worker, message, socket),
    });
  }

  /** @returns how it was answered, or `held` when the answer waits for a slot. */
  async listen(worker: WorkerId, port: Port): Promise<'granted' | 'refused' | 'held'> {
    this.#asked.set(worker, port);
    return this.set.request(worker, 1, queryOf(port));
  }

  said(worker: WorkerId, { type, listener }: Extract<Said, { listener: number }>): void {
    const accepting = this.#accepting.get(listener)?.get(worker);
    if (type === 'closed') this.#accepting.get(listener)?.delete(worker);
    if (type === 'listening' && accepting !== undefined) {
      accepting.isListening = true;
      this.#openedOf(listener).add(accepting.slot);
    }
    this.set[type](worker, listener);
  }

  leaving(worker: WorkerId): void {
    this.#away.add(worker);
    this.set.leaving(worker);
  }

  hung(worker: WorkerId, isHung: boolean): void {
    if (isHung) this.#hung.add(worker);
    else this.#hung.delete(worker);
    this.set.hung(worker, isHung);
  }

  gone(worker: WorkerId): void {
    for (const workers of this.#accepting.values()) workers.delete(worker);
    this.set.gone(worker);
  }

  /**
   * Checks that a socket on which a worker listened has a worker that accepts from it, whenever any worker serves its
   * address.
   */
  check(): void {
    for (const { id } of this.set.listeners) {
      const workers = [...(this.#accepting.get(id) ?? [])];
      const available = workers.filter(([worker, { isListening }]) => isListening && this.#isAvailable(worker));
      if (available.length === 0) continue;
      for (const slot of this.#openedOf(id)) {
        const acceptors = available.filter(([, accepting]) => accepting.slot === slot || accepting.adopted.has(slot));
        assert.notEqual(acceptors.length, 0, `nobody accepts from slot ${slot} of listener ${id}`);
      }
    }
  }

  /**
   * Returns the listeners whose sockets the primary has closed, once each. Their descriptor is -1 then, and EBADF once
   * Node is done with it.
   */
  takeClosed(): number[] {
    const closed = [...this.#sockets].filter(([, socket]) => socket.fd < 0).map(([listener]) => listener);
    for (const listener of closed) this.#sockets.delete(listener);
    return closed;
  }

  /** The listeners whose sockets the primary has open, as far as they were ever sent. */
  get open(): number[] {
    return [...this.#sockets.keys()].toSorted((a, b) => a - b);
  }

  close(): void {
    this.set.close();
  }

  #isAvailable(worker: WorkerId): boolean {
    return !this.#away.has(worker) && !this.#hung.has(worker);
  }

  #onSent(worker: WorkerId, message: ListenerMessage, socket: NativeHandle | undefined): void {
    assert.notEqual(message.type, 'denied', 'there are free ports');
    if (message.type === 'denied') return;
    if (message.type === 'late') return this.#post(worker, { type: 'late' });
    if (message.type === 'park') return this.#onParked(worker, message.listener);
    const { type, listener, slot } = message;
    if (socket !== undefined) {
      assert.ok(socket.fd >= 0, 'a socket that is closed cannot be sent');
      this.#sockets.set(listener, socket);
    }
    if (type === 'granted') {
      const workers = this.#accepting.get(listener) ?? new Map<WorkerId, Accepting>();
      this.#accepting.set(
        listener,
        workers.set(worker, { slot: seatOf(slot), isListening: false, adopted: new Set() }),
      );
      this.#post(worker, { type, listener, port: this.#asked.get(worker)!, isParked: message.isParked });
      return;
    }
    if (type === 'accept') return this.#post(worker, { type, listener });
    const adopted = this.#accepting.get(listener)?.get(worker)?.adopted;
    assert.ok(adopted !== undefined, `${type} for worker ${worker}, which does not serve that`);
    assert.notEqual(adopted.has(slot), type === 'adopt', `${type} once more`);
    if (type === 'adopt') adopted.add(slot);
    else adopted.delete(slot);
    this.#post(worker, { type, listener, slot });
  }

  /** The primary no longer counts on the worker from here on. */
  #onParked(worker: WorkerId, listener: number): void {
    const accepting = this.#accepting.get(listener)?.get(worker);
    assert.ok(accepting?.isListening === true, `worker ${worker} is parked, and accepted nothing`);
    accepting.isListening = false;
    this.#post(worker, { type: 'park', listener });
  }

  #openedOf(listener: number): Set<number> {
    const opened = this.#opened.get(listener) ?? new Set();
    this.#opened.set(listener, opened);
    return opened;
  }
}

/** Returns the slot that stands for the socket. All slots have one socket where there is not one for each. */
function seatOf(slot: number): number {
  return sharing === 'reuseport' ? slot : 0;
}
