import type { Context } from './context.ts';
import { HttpError } from '../protocol/errors.ts';

/** The number of hosts that are remembered. A client that makes up more does not fill memory. */
const MOST_KEPT = 256;

/**
 * Finds what `new URL` would change in a path or query, or refuse: dots as segments, and characters that it encodes.
 */
const ODD = /[\\"'<>^`{|}]|\/\.|%2e/i;

/** The origins that `new URL` makes of hosts, by scheme. The same few come again and again. */
const plain = new Map<string, string>();
const encrypted = new Map<string, string>();

/** Returns the URL of a request, as `new URL` writes it. @throws HttpError 400 when a URL cannot have such a host */
export function urlOf(context: Context): string {
  const origin = originOf(context);
  const path = pathOf(context.url);
  // The URL is not resolved as a relative one, in which the part after two slashes would be the host.
  return ODD.test(path) ? new URL(origin + path).href : origin + path;
}

/** Returns scheme, host and port. */
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
  // A part of a string keeps the whole string alive. Here that is the head of a request, which its client may have made
  // large.
  origins.set(Buffer.from(host).toString(), origin);
  return origin;
}

/**
 * Returns the path and query of a target, without a fragment. For the absolute form that is the part after the host.
 * For `*` of OPTIONS it is the path that `new URL` makes of it.
 */
function pathOf(target: string): string {
  const rest = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]+/i, '');
  const hash = rest.indexOf('#');
  const path = hash < 0 ? rest : rest.slice(0, hash);
  return path.startsWith('/') ? path : `/${path}`;
}
