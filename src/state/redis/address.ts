import { isIP } from 'node:net';
import { show, usage } from '../arguments.ts';
import type { Client } from './connection.ts';
import { loadRedis } from './library.ts';
import { bytesIn, listIn } from './replies.ts';

const FORMS = 'redis://host:port/database, rediss://..., or redis+sentinel://host:port,host:port/name/database';
const SENTINEL_PORT = 26_379;

/**
 * Where the server is. A plain URL names it. With Sentinel the URL names those who know it, and they are asked before
 * each attempt to connect, because the name moves to a replica when the server fails.
 */
export class Address {
  /** The address for messages, without the passwords of the URL. */
  readonly name: string;
  readonly #url: URL;
  readonly #sentinels: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  readonly #service: string;

  /** @throws StateError `ERR_STATE_USAGE` */
  constructor(url: string) {
    const match = /^(redis|valkey)(s?)(\+sentinel)?:\/\/(.+)$/.exec(url);
    if (match === null) throw usage(`openState: expected ${FORMS}, got ${show(url)}`);
    const [, , secure = '', sentinel, rest = ''] = match;
    if (sentinel === undefined) {
      this.#url = parse(`redis${secure}://${rest}`, url);
      this.#sentinels = [];
      this.#service = '';
      const { hostname, port, pathname } = this.#url;
      this.name = `${hostname}:${port || '6379'}${pathname === '/' ? '' : pathname}`;
      return;
    }
    const {
      credentials = '',
      hosts = '',
      service = '',
      database = '',
    } = /^(?<credentials>[^@]*@)?(?<hosts>[^/@]+)\/(?<service>[^/]+)\/?(?<database>\d*)$/.exec(rest)?.groups ?? {};
    if (service === '') throw usage(`openState: expected ${FORMS}, got ${show(url.replace(/\/\/.*@/, '//'))}`);
    this.#url = parse(`redis${secure}://${credentials}sentinel/${database}`, url);
    this.#service = decodeURIComponent(service);
    this.#sentinels = hosts.split(',').map((host) => {
      const { hostname, port } = parse(`redis://${host}`, url);
      return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? SENTINEL_PORT : Number(port) };
    });
    this.name = `${hosts} (${this.#service})`;
  }

  /** Makes a client for the server as it is now. The client is not connected yet. */
  async newClient(timeout: number): Promise<Client> {
    const { createClient, RESP_TYPES } = await loadRedis();
    const url = await this.#current(timeout);
    return createClient({
      url,
      disableOfflineQueue: true,
      // The connection is made anew by its owner, which knows more about why it was lost.
      socket: { connectTimeout: timeout, reconnectStrategy: false },
      commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    }) as unknown as Client;
  }

  /** Checks that the server is the one: a sentinel may not know yet that it has become a replica. */
  async check(client: Client): Promise<void> {
    if (this.#sentinels.length === 0) return;
    const role = bytesIn(listIn(await client.sendCommand(['ROLE']))[0]).toString();
    if (role !== 'master') throw new Error(`the server is a ${role}, and not the master`);
  }

  async #current(timeout: number): Promise<string> {
    if (this.#sentinels.length === 0) return this.#url.href;
    const errors: unknown[] = [];
    const each = timeout / this.#sentinels.length;
    for (const sentinel of this.#sentinels) {
      try {
        const { host, port } = await this.#ask(sentinel, each);
        return urlAt(this.#url, host, port);
      } catch (error) {
        errors.push(error);
      }
    }
    throw new AggregateError(errors);
  }

  /** Asks one sentinel. */
  async #ask(
    { host, port }: { readonly host: string; readonly port: number },
    timeout: number,
  ): Promise<{ host: string; port: string }> {
    const { createClient, RESP_TYPES } = await loadRedis();
    const client = createClient({
      disableOfflineQueue: true,
      socket: { host, port, connectTimeout: timeout, reconnectStrategy: false },
      commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    });
    client.on('error', () => {});
    const timer = setTimeout(() => client.destroy(), timeout);
    try {
      await client.connect();
      const answer: unknown = await client.sendCommand(['SENTINEL', 'get-master-addr-by-name', this.#service]);
      if (answer === null) throw new Error(`the sentinel ${host}:${port} does not know '${this.#service}'`);
      const [at, atPort] = listIn(answer, 2).map((part) => bytesIn(part).toString()) as [string, string];
      return { host: at, port: atPort };
    } finally {
      clearTimeout(timer);
      client.destroy();
    }
  }
}

/**
 * Returns the URL of the server that a sentinel names. An assignment to `URL.hostname` ignores what is no host, and the password would
 * go to the host that the URL had before.
 *
 * @throws Error for what is no address and no name of a host, or no port.
 */
function urlAt(given: URL, host: string, port: string): string {
  const isHost = isIP(host) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(host);
  const isPort = /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535;
  if (!isHost || !isPort) throw new Error(`a sentinel names no server: ${show(`${host} ${port}`)}`);
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
    throw usage(`openState: expected ${FORMS}, got ${show(given.replace(/\/\/.*@/, '//'))}`);
  }
}
