import type { Socket } from 'node:net';
import { CLIENT_PLACES, clientPlaceOf, UNKNOWN_CLIENT } from '../../contract/peer.ts';

/** Clients are looked up for so long after a question, ms. The primary asks once a second while it watches a canary. */
const WATCH_MS = 10_000;

const PLACE: unique symbol = Symbol('prefork.client');

interface Placed {
  [PLACE]?: number;
}

/**
 * Counts the requests that are over, and those of them that were given up, by the place of their client. Clients are looked up
 * only while a canary is watched, because it costs 1.4 µs to ask the kernel for the address of a connection. Before that, all requests are at one place.
 * Owns a timer, which keeps no process alive and ends by itself.
 */
export class Clients {
  /** Requests that were answered or given up. */
  readonly requests: Float64Array = new Float64Array(CLIENT_PLACES);
  readonly abandoned: Float64Array = new Float64Array(CLIENT_PLACES);
  #timer: NodeJS.Timeout | undefined;

  /** Whether clients are to be looked up by {@link placeOf}. */
  get isWatched(): boolean {
    return this.#timer !== undefined;
  }

  /** Has clients looked up from now on, for some seconds. */
  watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#timer = undefined), WATCH_MS).unref();
  }

  answered(place: number): void {
    this.requests[place]! += 1;
  }

  gaveUp(place: number, requests: number): void {
    this.requests[place]! += requests;
    this.abandoned[place]! += requests;
  }
}

/** Looks up the place of the socket's client, once. When the client has left, the kernel does not know it any more. */
export function placeOf(socket: Socket & Placed): number {
  return (socket[PLACE] ??= clientPlaceOf(socket.remoteAddress ?? ''));
}

/** The place, if it was looked up. */
export function knownPlaceOf(socket: Socket & Placed): number {
  return socket[PLACE] ?? UNKNOWN_CLIENT;
}
