import type { Server, Socket } from 'node:net';
import { isPinned, servedBy, type Receiving, type Rest } from '../../http/server/served.ts';
import type { HandoffEnd, MoveReason } from '../../ipc/messages.ts';
import type { Handoffs } from '../balancing/handoffs.ts';
import {
  acceptingServerOf,
  connectionsOf,
  isHandleAtRest,
  receivingOf,
  restOf,
  takeHandle,
  unwatchHeads,
  watchHeads,
} from '../node-internals/index.ts';
import type { Servers } from '../listening/servers.ts';
import type { SlotHandle } from '../listening/slot-handle.ts';

export interface MigrationParts {
  readonly servers: Servers;
  readonly handoffs: Pick<Handoffs, 'claim' | 'send' | 'takeBack'>;
  /** Undefined in a spare, which has no connections. */
  readonly slot: () => number | undefined;
}

/** What a policy needs of {@link Migration}. */
export interface Mover {
  /** Moves that have begun and not ended. */
  readonly onTheWay: number;
  watch(policy: object): void;
  unwatch(policy: object): void;
  sockets(): Iterable<Socket>;
  restOf(socket: Socket): Rest;
  move(socket: Socket, to: number, reason: MoveReason, ended: (how: HandoffEnd) => void): boolean;
}

/**
 * How one connection moves to another worker. A policy says which connection moves where, and when: `DrainMoves`, `Leveller` and
 * `EveryAnswer` are policies.
 *
 * The life of a move. Each step has one way back, to the server that the connection had:
 *
 *     free ──move──► apart ──sent──► on its way ──taken──► its copy here is closed
 *                      │                 └──refused, failed, recalled──► served here again
 *                      └──not sent──► served here again
 *
 * A connection is `free` between two requests: nothing of the next one has been read, and the kernel has all of the last answer.
 * Its handle is taken out of its socket in the same turn. No process reads it until one worker has said that it takes it: see
 * `Handoffs` of both sides, which are the same for connections that were just accepted. So what the client sends meanwhile waits
 * in the kernel. It is read once, and never in two workers.
 *
 * A policy finds what could move by {@link sockets} and {@link restOf}. It calls {@link watch} before it asks that of connections
 * that are in use, and {@link unwatch} when it has nothing to move for now. {@link move} moves one. A policy should bound {@link onTheWay}: each move holds a client up for some hundred
 * microseconds, and costs the primary as much.
 *
 * Owns no connection: `Handoffs` does while it is on its way, and its socket before.
 */
export class Migration implements Mover {
  #onTheWay = 0;
  /** The policies for which heads are watched. */
  readonly #watching = new Set<object>();
  readonly #parts: MigrationParts;

  constructor(parts: MigrationParts) {
    this.#parts = parts;
  }

  /** Moves that have begun and not ended. */
  get onTheWay(): number {
    return this.#onTheWay;
  }

  /**
   * From now on {@link restOf} can tell when connections in use become free. Each request costs more then: see `watchHeads`. A
   * later call sees to connections that have come meanwhile.
   */
  watch(policy: object): void {
    this.#watching.add(policy);
    for (const { server } of this.#parts.servers) watchHeads(server);
  }

  /** Ends {@link watch} for a policy. Requests cost what they did before when no other one watches. Idempotent. */
  unwatch(policy: object): void {
    if (!this.#watching.delete(policy) || this.#watching.size > 0) return;
    for (const { server } of this.#parts.servers) unwatchHeads(server);
  }

  /** The connections of HTTP/1 servers, with TLS or without, whatever they do. */
  *sockets(): Generator<Socket> {
    for (const { server } of this.#parts.servers) {
      yield* servedBy(server)?.sockets?.() ?? [];
      for (const { socket } of connectionsOf(server)?.all() ?? []) if (socket !== null) yield socket;
    }
  }

  /** The connections on which a part of a request has come, of its head or of its body. */
  *receiving(): Generator<Receiving> {
    for (const { server } of this.#parts.servers) {
      yield* servedBy(server)?.receiving?.() ?? [];
      yield* receivingOf(server);
    }
  }

  restOf(socket: Socket): Rest {
    const home = this.#homeOf(socket);
    if (home === undefined || isPinned(socket)) return 'never';
    const served = servedBy(home.server);
    if (served === undefined) return restOf(socket, home.server);
    const rest = served.rest?.(socket) ?? 'never';
    return rest === 'free' && !isHandleAtRest(socket) ? 'busy' : rest;
  }

  /**
   * @param ended hears how the move ended. Unless it was taken, the connection is served here, as another socket
   * @returns whether the move has begun. If not, nothing has happened to the connection, or it is served here, as another socket
   */
  move(socket: Socket, to: number, reason: MoveReason, ended: (how: HandoffEnd) => void): boolean {
    const { handoffs, slot } = this.#parts;
    const from = slot();
    const home = this.#homeOf(socket);
    if (from === undefined || home === undefined || this.restOf(socket) !== 'free') return false;
    const client = takeHandle(socket);
    handoffs.claim(to, 'moved');
    this.#onTheWay++;
    const isSent = handoffs.send(client, home.handle, from, to, {
      reason,
      ended: (how) => {
        this.#onTheWay--;
        ended(how);
      },
    });
    if (isSent) return true;
    this.#onTheWay--;
    handoffs.takeBack(client, home.handle);
    return false;
  }

  /** Undefined where the application's server does not listen any more, or does not get its connections from prefork. */
  #homeOf(socket: Socket): { readonly server: Server; readonly handle: SlotHandle } | undefined {
    const server = acceptingServerOf(socket);
    const handle = server ? this.#parts.servers.handleOf(server) : undefined;
    return server && handle && !handle.isClosed ? { server, handle } : undefined;
  }
}
