import { isIP } from 'node:net';
import { show, usage } from '../arguments.ts';
import type { StateError } from '../error.ts';
import { end, type Client } from './connection.ts';
import { loadRedis } from './library.ts';
import { bytesIn, listIn } from './replies.ts';
import type { Place } from './slots.ts';

const FORMS =
  'redis://host:port/database, rediss://..., redis+sentinel://host:port,host:port/name/database, ' +
  'or redis+cluster://host:port,host:port';
const ports: Readonly<Record<Kind, number>> = { alone: 6379, sentinel: 26_379, cluster: 6379 };

/** What stands after `redis`: nothing for one server. */
type Kind = 'alone' | 'sentinel' | 'cluster';

/**
 * Where the server is. A plain URL names it. With Sentinel the URL names those who know it, and they are asked before
 * each attempt to connect, because the name moves to a replica when the server fails. With a cluster it names some of its
 * servers, each of which knows the others.
 */
export class Address {
  /** The address for messages, without the passwords of the URL. */
  readonly name: string;
  readonly kind: Kind;
  /** What the URL begins with, less its kind: `rediss` for TLS. */
  readonly protocol: 'redis' | 'rediss';
  /** The sentinels, or the servers of a cluster. */
  readonly places: readonly Place[];
  readonly #url: URL;
  readonly #service: string;

  /** @throws StateError `ERR_STATE_USAGE` */
  constructor(url: string) {
    const match = /^(?:redis|valkey)(s?)(?:\+(sentinel|cluster))?:\/\/(.+)$/.exec(url);
    if (match === null) throw unusable(url);
    const [, secure = '', kind = 'alone', rest = ''] = match as [string, string?, Kind?, string?];
    const { credentials = '', hosts = '', service = '', database = '' } = forms[kind].exec(rest)?.groups ?? {};
    if (kind !== 'alone' && hosts === '') throw unusable(url);
    this.kind = kind;
    this.protocol = secure === '' ? 'redis' : 'rediss';
    this.#url = parse(`${this.protocol}://${kind === 'alone' ? rest : `${credentials}${kind}/${database}`}`, url);
    this.#service = decodeURIComponent(service);
    this.places = kind === 'alone' ? [] : hosts.split(',').map((host) => placeIn(host, ports[kind], url));
    const { hostname, port, pathname } = this.#url;
    this.name = {
      alone: `${hostname}:${port || ports.alone}${pathname === '/' ? '' : pathname}`,
      sentinel: `${hosts} (${this.#service})`,
      cluster: `${hosts} (cluster)`,
    }[kind];
  }

  /** Makes a client for the server as it is now. The client is not connected yet. */
  async newClient(timeout: number): Promise<Client> {
    return newClientOf(await this.#current(timeout), timeout);
  }

  /** Makes a client for a server of the cluster. The client is not connected yet. */
  async newClientAt({ host, port }: Place, timeout: number): Promise<Client> {
    return newClientOf(urlAt(this.#url, host, String(port)), timeout);
  }

  /** Checks that the server is the one: a sentinel may not know yet that it has become a replica. */
  async check(client: Client): Promise<void> {
    if (this.kind !== 'sentinel') return;
    const role = bytesIn(listIn(await client.sendCommand(['ROLE']))[0]).toString();
    if (role !== 'master') throw new Error(`the server is a ${role}, and not the master`);
  }

  async #current(timeout: number): Promise<string> {
    if (this.kind !== 'sentinel') return this.#url.href;
    const errors: unknown[] = [];
    const each = timeout / this.places.length;
    for (const sentinel of this.places) {
      try {
        const { host, port } = await this.#ask(sentinel, each);
        return urlAt(this.#url, host, port);
      } catch (error) {
        errors.push(error);
      }
    }
    throw new AggregateError(errors);
  }

  /**
   * Asks one sentinel, over TLS where the server is to be asked so. Its answer decides who gets the password, and the
   * server's certificate is checked against the name in it.
   */
  async #ask({ host, port }: Place, timeout: number): Promise<{ host: string; port: string }> {
    const { createClient, commandOptions } = await load();
    const client = createClient({
      disableOfflineQueue: true,
      socket: { host, port, connectTimeout: timeout, reconnectStrategy: false, ...tlsFor(this.protocol, host) },
      maintNotifications: 'disabled',
      commandOptions,
    });
    client.on('error', () => {});
    const timer = setTimeout(() => end(client), timeout);
    try {
      await client.connect();
      const answer: unknown = await client.sendCommand(['SENTINEL', 'get-master-addr-by-name', this.#service]);
      if (answer === null) throw new Error(`the sentinel ${host}:${port} does not know '${this.#service}'`);
      const [at, atPort] = listIn(answer, 2).map((part) => bytesIn(part).toString()) as [string, string];
      return { host: at, port: atPort };
    } finally {
      clearTimeout(timer);
      end(client);
    }
  }
}

const forms: Readonly<Record<Kind, RegExp>> = {
  alone: /./,
  sentinel: /^(?<credentials>[^@]*@)?(?<hosts>[^/@]+)\/(?<service>[^/]+)\/?(?<database>\d*)$/,
  // A cluster has one database.
  cluster: /^(?<credentials>[^@]*@)?(?<hosts>[^/@]+)(?:\/0?)?$/,
};

/** The types of a reply by their first bytes in the protocol, `$` and `(`. The oldest redis 5 do not export their names. */
const BLOB_STRING = 36;
const BIG_NUMBER = 40;

/** Loads the library, with how values of a reply are read. No reply of ours is a big number, and making one takes a quadratic time. */
async function load() {
  const { createClient } = await loadRedis();
  const typeMapping = { [BLOB_STRING]: Buffer, [BIG_NUMBER]: String };
  return { createClient, commandOptions: { typeMapping } };
}

/**
 * Returns what the library is to be told of TLS. Neither that nor `tls.connect` names the server by `host`, and what stands before
 * several servers then cannot tell which is asked for.
 */
function tlsFor(protocol: string, host: string): { tls: true; servername?: string } | undefined {
  if (!protocol.startsWith('rediss')) return undefined;
  // TLS knows names alone as the name of a server (RFC 6066), without a dot at the end, at which servers in Go hang up. A certificate
  // for an address is checked against `host`.
  return isIP(host) === 0 ? { tls: true, servername: host.replace(/\.$/, '') } : { tls: true };
}

async function newClientOf(url: string, timeout: number): Promise<Client> {
  const { createClient, commandOptions } = await load();
  const { protocol, hostname } = new URL(url);
  return createClient({
    url,
    disableOfflineQueue: true,
    // The connection is made anew by its owner, which knows more about why it was lost.
    socket: { connectTimeout: timeout, reconnectStrategy: false, ...tlsFor(protocol, hostOf(hostname)) },
    // When Redis Enterprise or Redis Cloud asks for it, the library would go elsewhere without a word, and leave the
    // subscriptions behind.
    maintNotifications: 'disabled',
    commandOptions,
  }) as unknown as Client;
}

function placeIn(text: string, ownPort: number, given: string): Place {
  const { hostname, port } = parse(`redis://${text}`, given);
  if (hostname === '') throw unusable(given);
  return { host: hostOf(hostname), port: port === '' ? ownPort : Number(port) };
}

/** Returns the host as it is known outside of URLs: IPv6 addresses stand in brackets there. */
function hostOf(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * Returns the URL of the server that a sentinel, or a server of the cluster, names. An assignment to `URL.hostname`
 * ignores what is no host, and the password would go to the host that the URL had before.
 *
 * @throws Error for what is no address and no name of a host, or no port.
 */
function urlAt(given: URL, host: string, port: string): string {
  const isHost = isIP(host) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(host);
  const isPort = /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535;
  if (!isHost || !isPort)
    throw new Error(
      `${given.hostname === 'cluster' ? 'a cluster' : 'a sentinel'} names no server: ${show(`${host} ${port}`)}`,
    );
  const url = new URL(given);
  const { hostname } = new URL(`redis://${host.includes(':') ? `[${host}]` : host}:${port}`);
  url.hostname = hostname;
  url.port = port;
  return url.href;
}

function parse(text: string, given: string): URL {
  try {
    return new URL(text);
  } catch {
    throw unusable(given);
  }
}

function unusable(given: string): StateError {
  return usage(`openState: expected ${FORMS}, got ${show(given.replace(/\/\/.*@/, '//'))}`);
}
