/** Who may ask the dashboard's own server for what. Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import { isSecret } from '../../control/secret.ts';

/** What the page consists of: nothing of the server is in it, so it takes no token. */
const page: ReadonlySet<string> = new Set(['GET /', 'GET /dashboard.css', 'GET /dashboard.js']);

/** What the page asks for. What else the control socket has stays there. */
const data: ReadonlySet<string> = new Set(['GET /live', 'POST /reload', 'POST /scale']);

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
 * Other users of this machine can reach a port of the loopback, and so can a web page: by a name of its own that resolves to
 * it, or across sites. The user's own page has the token, which is the user's own right to the control socket.
 *
 * @returns the status to refuse it with and why; undefined when it is passed on.
 */
export function refusal(
  { method, target, headers }: Asking,
  { authority, token }: Admission,
): { readonly status: number; readonly reason: string } | undefined {
  const { host = '', origin, authorization = '', 'sec-fetch-site': site = 'none' } = headers;
  const own = [authority, authority.replace(/^127\.0\.0\.1:/, 'localhost:')];
  const question = `${method} ${target.split('?')[0]}`;
  if (!own.includes(host)) return { status: 403, reason: `expected ${authority} as the host` };
  // It may be led to from anywhere, such as the file that opens it: see opener.ts.
  const isEntry = question === 'GET /';
  const isOurs = (origin === undefined || origin === `http://${host}`) && (site === 'none' || site === 'same-origin');
  if (!isOurs && !isEntry) return { status: 403, reason: 'requests of pages of other sites are not answered' };
  if (page.has(question)) return undefined;
  if (!data.has(question)) return { status: 404, reason: 'the dashboard has no such route' };
  const [, given] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (given !== undefined && isSecret(given, token)) return undefined;
  return { status: 401, reason: 'expected the token of the printed address as Authorization: Bearer <token>' };
}
