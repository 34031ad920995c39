import type { Context } from './context.ts';
import { HttpError } from '../protocol/errors.ts';

/** How many hosts are remembered; a client that makes up more does not fill memory. */
const MOST_KEPT = 256;

/** What `new URL` would change in a path or query, or refuse: dots as segments, and what it encodes. */
const ODD = /[\\"'<>^`{|}]|\/\.|%2e/i;

/** What `new URL` makes of hosts, by scheme: the same few come again and again. */
const plain = new Map<string, string>();
const encrypted = new Map<string, string>();

/** The URL of a request, as `new URL` writes it. @throws HttpError 400 when a URL can have no such host */
export function urlOf(context: Context): string {
  const origin = originOf(context);
  const path = pathOf(context.url);
  // Not a relative one: what follows two slashes would be the host.
  return ODD.test(path) ? new URL(origin + path).href : origin + path;
}

/** Scheme, host and port. */
function originOf({ host, socket }: Context): string {
  const isEncrypted = 'encrypted' in socket;
  const origins = isEncrypted ? encrypted : plain;
  return origins.get(host) ?? keep(origins, host, isEncrypted ? 'https' : 'http');
}

function keep(origins: Map<string, string>, host: string, scheme: string): string {
  const asked = `${scheme}://${host === '' ? 'localhost' : host}`;
  if (!URL.canParse(asked)) throw new HttpError(400, 'the host is none that a URL can have');
  const { origin } = new URL(asked);
  if (origins.size >= MOST_KEPT) origins.clear();
  // A part of a string keeps the whole, here the head of a request, and its client may have made that large.
  origins.set(Buffer.from(host).toString(), origin);
  return origin;
}

/** Of the absolute form what follows its host, from `*` of OPTIONS what `new URL` makes of it. Without a fragment. */
function pathOf(target: string): string {
  const rest = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]+/i, '');
  const hash = rest.indexOf('#');
  const path = hash < 0 ? rest : rest.slice(0, hash);
  return path.startsWith('/') ? path : `/${path}`;
}
