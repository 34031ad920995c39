import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { failure, type Answer, type Gate, type RequestHead } from './routes.ts';
import { isSecret } from './secret.ts';
import { SharedAnswers } from './shared-answers.ts';

/**
 * The least time between two answers for clients without the token that cost the primary time, ms. Clients that ask again at each answer are
 * then few requests a second, which cost time too.
 */
const LEAST_REST_MS = 200;

/** The longest name that DNS has. */
const LONGEST_HOST = 253;

/**
 * These names, and those below them, are never sold: RFC 6761, RFC 8375, and ICANN's resolution on `internal`. Those below `local` are
 * anybody's on the same network (RFC 6762), and so are names with one label (LLMNR: RFC 4795, and NetBIOS). They are not among them.
 */
const ownedByNobody = /^localhost$|\.(?:localhost|internal|home\.arpa)$/;

export interface AdminGateOptions {
  /** The host of the address that was given. Clients may use it as the host. */
  readonly host: string;
  readonly token: string;
  /** Further names by which clients may ask, such as `a.example`, and `*.a.example` for those below it. @default none */
  readonly names?: readonly string[];
  /** The name of this machine. @default the system's */
  readonly machine?: string;
}

/**
 * Decides which requests over TCP are answered. Every client that reaches the port may read. A request that changes
 * something needs the token.
 *
 * A browser can be made to reach a loopback port under an attacker's host name that resolves to it (DNS rebinding), and
 * the attacker's page could then read the answers. The same works off the loopback, where the browser of a person inside
 * reaches this port and the attacker does not. The browser sends that name in `Host`. So the gate only accepts hosts that no
 * stranger can own. These are addresses, localhost, and names below domains that are never sold. The name of this
 * machine, whole or its first label, the host of the address, and the names that were given are accepted too.
 */
export class AdminGate implements Gate {
  readonly isLocal = false;
  readonly shared: SharedAnswers<string, Answer>;
  readonly #names: ReadonlySet<string>;
  /** The ends of names, each with a dot before it. */
  readonly #suffixes: readonly string[];
  readonly #token: string;

  constructor({ host, token, names = [], machine = hostname() }: AdminGateOptions) {
    const known = [host, machine, machine.replace(/\..*$/, ''), ...names].map((name) => name.toLowerCase());
    this.#names = new Set(known);
    this.#suffixes = known.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
    this.#token = token;
    this.shared = new SharedAnswers({
      leastRest: LEAST_REST_MS,
      now: () => performance.now(),
      delay: (ms) => delay(ms, undefined, { ref: false }),
    });
  }

  refuse(request: RequestHead): Answer | undefined {
    const { host = '', method } = request;
    if (!this.#knows(host)) {
      return failure(
        403,
        `expected an IP address, localhost, the name of this machine or one of --admin-host as the host, got ${quoted(host)}`,
      );
    }
    if (isOfAnotherSite(request) && !isPage(request))
      return failure(403, 'requests from pages of other sites are refused');
    // A wrong token is refused even where none is needed, so that the client learns of it.
    const token = bearerToken(request);
    if (token === undefined ? method === 'GET' || method === 'HEAD' : isSecret(token, this.#token)) return undefined;
    return failure(401, 'expected the token of the log as Authorization: Bearer <token>', {
      'www-authenticate': 'Bearer realm="prefork"',
    });
  }

  isTrusted(request: RequestHead): boolean {
    const token = bearerToken(request);
    return token !== undefined && isSecret(token, this.#token);
  }

  #knows(host: string): boolean {
    // A name may end in a dot, which says that it is whole.
    const name = host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
    // A client that is no browser may name no host.
    if (name === '' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return true;
    if (this.#names.has(name) || ownedByNobody.test(name)) return true;
    return this.#suffixes.some((suffix) => name.endsWith(suffix) && name.length > suffix.length);
  }
}

/** The client chose it, so it is cut and shown without its odd characters. */
function quoted(host: string): string {
  return JSON.stringify(host.slice(0, LONGEST_HOST).replaceAll(/[^\x20-\x7e]/g, '?'));
}

function bearerToken({ authorization = '' }: RequestHead): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

/** A page of our own comes from the host that it asks. */
function isOfAnotherSite({ host = '', origin, fetchSite = 'none' }: RequestHead): boolean {
  if (fetchSite !== 'none' && fetchSite !== 'same-origin') return true;
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}

/** The page holds nothing about this server, and a user may follow a link to it. */
function isPage({ method, target }: RequestHead): boolean {
  return target === '/' && (method === 'GET' || method === 'HEAD');
}
