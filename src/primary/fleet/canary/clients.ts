/**
 * The clients whose requests were given up. A client sees which generation it talks to, and giving up is its own doing. So a single client could have
 * every release taken back, by asking the canary and leaving, again and again.
 */
import { CLIENT_PLACES, UNKNOWN_CLIENT } from '../../../contract/peer.ts';
import type { Cell } from './evidence.ts';
import { sumOf, type Share } from './statistics.ts';

/**
 * How many of the clients that gave up most are capped at the count of the one after them. A person has an address of IPv4, a network of
 * IPv6, and a telephone. Many more would hide what the clients of a bad release see.
 */
const MOST_CAPPED = 3;

/** Together they make at most this share of the canary's requests. A client that makes more is a proxy, and stands for many. */
const MOST_CAPPED_SHARE = 0.5;

/** What a request that was given up counts, by the place of its client. */
export type ClientWeights = Float64Array;

const ONE_EACH: ClientWeights = new Float64Array(CLIENT_PLACES).fill(1);

export function oneEach(): ClientWeights {
  return ONE_EACH;
}

/** Has the clients that gave up the most count as much as the one that gave up the most of the others. */
export function clientWeights(canary: readonly Cell[]): ClientWeights {
  const counts = countsOf(canary);
  const clients = counts
    .filter(({ place }) => place !== UNKNOWN_CLIENT)
    .toSorted((one, other) => other.hits - one.hits);
  let room = sumOf(counts).trials * MOST_CAPPED_SHARE;
  const capped: typeof clients = [];
  for (const client of clients) {
    if (client.trials > room || capped.length === MOST_CAPPED) continue;
    room -= client.trials;
    capped.push(client);
  }
  const next = clients.find((client) => !capped.includes(client))?.hits ?? 0;
  const weights = ONE_EACH.slice();
  for (const { place, hits } of capped) if (hits > next) weights[place] = next / hits;
  return weights;
}

function countsOf(cells: readonly Cell[]): ReadonlyArray<Share & { readonly place: number }> {
  const trials = new Float64Array(ONE_EACH.length);
  const hits = new Float64Array(ONE_EACH.length);
  for (const { clients } of cells) {
    for (let place = 0; place < clients.requests.length; place++) {
      trials[place]! += clients.requests[place]!;
      hits[place]! += clients.abandoned[place]!;
    }
  }
  return Array.from(hits, (count, place) => ({ place, hits: count, trials: trials[place]! }));
}

/** Those of a cell. What does not count as given up is no request either. */
export function givenUp({ clients: { requests, abandoned } }: Cell, weights: ClientWeights): Share {
  let hits = 0;
  let trials = 0;
  for (let place = 0; place < requests.length; place++) {
    const counted = abandoned[place]! * weights[place]!;
    hits += counted;
    trials += requests[place]! - abandoned[place]! + counted;
  }
  return { hits, trials };
}
