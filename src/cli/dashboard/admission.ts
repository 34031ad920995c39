/** Decides which requests the dashboard's own server answers. This module is pure. */
import type { IncomingHttpHeaders } from 'node:http';
import { isSecret } from '../../control/secret.ts';

/** The files of the page. They hold nothing about the server, so they need no token. */
const page: ReadonlySet<string> = new Set(['GET /', 'GET /dashboard.css', 'GET /dashboard.js']);

/** The routes that the page uses. All other routes of the control socket stay out of reach. */
const data: ReadonlySet<string> = new Set([
  'GET /live',
  'GET /history',
  'POST /reload',
  'POST /scale',
  'POST /promote',
  'POST /rollback',
]);

export interface Admission {
  /** `127.0.0.1:43210` */
  readonly authority: string;
  readonly token: string;
}

export interface Asking {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Decides whether a request is refused. Other users of this machine can reach a loopback port. So can a web page,
 * through a host name of its own that resolves to the loopback, or across sites. The user's own page has the token,
 * which stands for the user's right to the control socket.
 *
 * @returns the status and the reason of a refusal, or undefined when the request is passed on.
 */
export function refusal(
  { method, target, headers }: Asking,
  { authority, token }: Admission,
): { readonly status: number; readonly reason: string } | undefined {
  const { host = '', origin, authorization = '', 'sec-fetch-site': site = 'none' } = headers;
  const own = [authority, authority.replace(/^127\.0\.0\.1:/, 'localhost:')];
  const question = `${method} ${target.split('?')[0]}`;
  if (!own.includes(host)) return { status: 403, reason: `expected ${authority} as the host` };
  // The page itself may be opened from anywhere, such as from the file that opener.ts writes.
  const isEntry = question === 'GET /';
  const isOurs = (origin === undefined || origin === `http://${host}`) && (site === 'none' || site === 'same-origin');
  if (!isOurs && !isEntry) return { status: 403, reason: 'requests from pages of other sites are refused' };
  if (page.has(question)) return undefined;
  if (!data.has(question)) return { status: 404, reason: 'the dashboard has no such route' };
  const [, given] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (given !== undefined && isSecret(given, token)) return undefined;
  return { status: 401, reason: 'expected the token of the printed address as Authorization: Bearer <token>' };
}
