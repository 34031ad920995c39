import { isIP } from 'node:net';
import { failure, type Answer, type ControlRequest, type Gate } from './routes.ts';
import { isSecret } from './secret.ts';

/** Names with one label, which no attacker can own: see `AdminGate`. */
const oneLabel = /^[\w-]*$/;

export interface AdminGateOptions {
  /** The host of the address that was given. Clients may use it as the host. */
  readonly host: string;
  readonly token: string;
}

/**
 * Decides which requests over TCP are answered. Every client that reaches the port may read. A request that changes
 * something needs the token.
 *
 * A browser can be made to reach a loopback port under an attacker's host name that resolves to it (DNS rebinding), and
 * the attacker's page could then read the answers. The browser sends that name in `Host`. So the gate only accepts
 * hosts that no stranger can own: addresses, names with one label such as localhost or a container's, and the host that
 * was given.
 */
export class AdminGate implements Gate {
  readonly isLocal = false;
  readonly #host: string;
  readonly #token: string;

  constructor({ host, token }: AdminGateOptions) {
    this.#host = host.toLowerCase();
    this.#token = token;
  }

  refuse(request: ControlRequest): Answer | undefined {
    const { host = '', method } = request;
    if (!this.#knows(host)) return failure(403, 'expected an IP address, localhost or the host of --admin as the host');
    if (isOfAnotherSite(request) && !isPage(request))
      return failure(403, 'requests from pages of other sites are refused');
    // A wrong token is refused even where none is needed, so that the client learns of it.
    const token = bearerToken(request);
    if (token === undefined ? method === 'GET' || method === 'HEAD' : isSecret(token, this.#token)) return undefined;
    return failure(401, 'expected the token of the log as Authorization: Bearer <token>', {
      'www-authenticate': 'Bearer realm="prefork"',
    });
  }

  isTrusted(request: ControlRequest): boolean {
    const token = bearerToken(request);
    return token !== undefined && isSecret(token, this.#token);
  }

  #knows(host: string): boolean {
    const name = host.replace(/:\d+$/, '').toLowerCase();
    return oneLabel.test(name) || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || name === this.#host;
  }
}

function bearerToken({ authorization = '' }: ControlRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

/** A page of our own comes from the host that it asks. */
function isOfAnotherSite({ host = '', origin, fetchSite = 'none' }: ControlRequest): boolean {
  if (fetchSite !== 'none' && fetchSite !== 'same-origin') return true;
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}

/** The page holds nothing about this server, and a user may follow a link to it. */
function isPage({ method, target }: ControlRequest): boolean {
  return target === '/' && (method === 'GET' || method === 'HEAD');
}
