import { isIP } from 'node:net';
import { failure, type Answer, type ControlRequest, type Gate } from './routes.ts';
import { isSecret } from './secret.ts';

/** Names that no attacker can have: see `AdminGate`. */
const oneLabel = /^[\w-]*$/;

export interface AdminGateOptions {
  /** Of the address that was given; clients may use it as the host. */
  readonly host: string;
  readonly token: string;
}

/**
 * Who may ask what over TCP. Everybody who can reach the port may read; what changes anything takes the token.
 *
 * A browser can be made to reach a port of the loopback interface by a name of an attacker's that resolves to it (DNS
 * rebinding), and its page could then read the answers. It says that name in `Host`, so only those are answered that no
 * stranger can have: addresses, names of one label such as localhost or a container's, and the one that was given.
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
      return failure(403, 'requests of pages of other sites are not answered');
    // Whoever gives a wrong one is told, also where none is needed.
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

/** It holds nothing of this server, and somebody may follow a link to it. */
function isPage({ method, target }: ControlRequest): boolean {
  return target === '/' && (method === 'GET' || method === 'HEAD');
}
