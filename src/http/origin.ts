import type { Context } from './context.ts';
import { HttpError } from './errors.ts';

/** How many hosts are remembered; a client that makes up more does not fill memory. */
const MOST_KEPT = 256;

/** What `new URL` would change in a path or query, or refuse: dots as segments, and what it encodes. */
const ODD = /[\\"'<>^`{|}]|\/\.|%2e/i;

/** What `new URL` makes of hosts: the same few come again and again. */
const kept = new Map<string, string>();

/** Scheme, host and port of a request as a URL has them. @throws HttpError 400 when a URL can have no such host */
export function originOf({ host, socket }: Context): string {
  const asked = `${'encrypted' in socket ? 'https' : 'http'}://${host === '' ? 'localhost' : host}`;
  const known = kept.get(asked);
  if (known !== undefined) return known;
  if (!URL.canParse(asked)) throw new HttpError(400, 'the host is none that a URL can have');
  const { origin } = new URL(asked);
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(asked, origin);
  return origin;
}

/** The URL of a request, as `new URL` writes it. */
export function urlOf(origin: string, target: string): string {
  const path = pathOf(target);
  // Not a relative one: what follows two slashes would be the host.
  return ODD.test(path) ? new URL(origin + path).href : origin + path;
}

/** Of the absolute form what follows its host, from `*` of OPTIONS what `new URL` makes of it. Without a fragment. */
function pathOf(target: string): string {
  const rest = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]+/i, '');
  const hash = rest.indexOf('#');
  const path = hash < 0 ? rest : rest.slice(0, hash);
  return path.startsWith('/') ? path : `/${path}`;
}
