import process from 'node:process';
import type { Target } from '../../support/app.ts';
import { get } from '../../support/http.ts';
import { names } from '../../support/leftovers.ts';
import { poll } from '../../support/watched.ts';
import type { Hold } from '../../soak/redis/checks.ts';
import { Application } from './application.ts';
import { balancers, haproxyState, startBalancers, type Balancer } from './balancers.ts';
import type { Host } from './host.ts';
import { Network, type Place } from './network.ts';
import type { Program } from './program.ts';
import { Prometheus } from './prometheus.ts';
import { RedisHost, SentinelHost } from './redis-hosts.ts';

/** A lead that was renewed so short a time ago goes on. */
const RECENT_MS = 200;

/** The last numbers of the addresses. */
const APPLICATIONS = { a: 11, b: 12, c: 13 };
const BALANCER = { balancer: 20 };
const REDIS = { redis1: 31, redis2: 32 };
const WATCHER = { watcher: 40 };

export interface Lead extends Hold {
  readonly host: Host;
}

/**
 * Three hosts that run the same application, one with HAProxy, nginx and a Sentinel, two with Redis, and one with
 * Prometheus. The test is the client, and is plugged in too. The object owns all hosts, and with them all that runs there.
 */
export class Lab implements AsyncDisposable {
  readonly network: Network;
  readonly #places: readonly Place[];
  /** The primary, and its replica. */
  readonly redis: [RedisHost, RedisHost];
  readonly sentinel: SentinelHost;
  readonly prometheus: Prometheus;
  readonly applications: readonly Application[];
  #balancers: Readonly<Record<Balancer, Program>> | undefined;

  private constructor(network: Network, places: readonly Place[]) {
    this.network = network;
    this.#places = places;
    this.redis = [new RedisHost(this.place('redis1')), new RedisHost(this.place('redis2'))];
    this.sentinel = new SentinelHost(this.place('balancer'));
    this.prometheus = new Prometheus(this.place('watcher'));
    this.applications = Object.keys(APPLICATIONS).map((name) => new Application(this.place(name), this.sentinel.url));
  }

  /** Starts the hosts, and nothing on them. */
  static async open(): Promise<Lab> {
    const network = await Network.start();
    const places: Place[] = [];
    try {
      for (const [name, number] of Object.entries({ ...APPLICATIONS, ...BALANCER, ...REDIS, ...WATCHER })) {
        places.push(await network.host(name, number));
      }
      return new Lab(network, places);
    } catch (error) {
      await end(network, places);
      throw error;
    }
  }

  /** Starts everything, and waits until both balancers serve. */
  static async start(): Promise<Lab> {
    const lab = await Lab.open();
    try {
      await lab.startRedis();
      await Promise.all(lab.applications.map((application) => lab.startApplication(application)));
      await Promise.all([lab.startBalancers(), lab.startPrometheus()]);
      return lab;
    } catch (error) {
      console.error(lab.report);
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  async startRedis(): Promise<void> {
    const [primary, replica] = this.redis;
    await primary.start();
    await replica.start(primary.address);
    await this.sentinel.start(primary.address);
    await this.sentinel.seesReplica();
  }

  async startApplication(application: Application): Promise<void> {
    application.release('1.0.0');
    await application.start();
  }

  async startBalancers(): Promise<void> {
    const addresses = this.applications.map(({ address }) => address);
    this.#balancers = await startBalancers(this.place('balancer').host, addresses);
    await Promise.all((Object.keys(balancers) as Balancer[]).map((name) => answers(this.target(name))));
  }

  startPrometheus(): Promise<void> {
    return this.prometheus.start(this.applications.map(({ address }) => address));
  }

  /** Returns the address of a balancer for clients. */
  target(balancer: Balancer): Target & { readonly port: number } {
    return { host: this.place('balancer').address, port: balancers[balancer].port };
  }

  /** Returns what a balancer has complained of. */
  complaints(balancer: Balancer): string {
    return this.#balancers?.[balancer].output ?? '';
  }

  /** Waits until HAProxy has seen that a host is ready. nginx does not ask hosts how they are. */
  async isUp({ host }: Application): Promise<void> {
    const { host: balancer } = this.place('balancer');
    const isUp = async (): Promise<true | undefined> =>
      (await haproxyState(balancer)).get(host.name) === 'UP' || undefined;
    await poll(isUp, `${host.name} behind HAProxy`);
  }

  /** Returns all times in which a worker of a host took itself for the leader. */
  leads(): Lead[] {
    return this.applications.flatMap(({ host }) => {
      const files = names(host.path('/srv/leads')).filter((name) => !name.endsWith('.new'));
      return files.map((name) => ({ ...(JSON.parse(host.read(`/srv/leads/${name}`)) as Hold), host }));
    });
  }

  /** Waits for a leader, on another host than this one. */
  async leader(other?: Application): Promise<Application> {
    const isLeader = ({ until }: Hold): boolean => until > monotonic() - RECENT_MS;
    const find = (): Application | undefined => {
      const lead = this.leads().find((one) => isLeader(one) && one.host !== other?.host);
      return this.applications.find(({ host }) => host === lead?.host);
    };
    return poll(find, 'a leader');
  }

  place(name: string): Place {
    const place = this.#places.find(({ host }) => host.name === name);
    if (place === undefined) throw new Error(`there is no host ${name}`);
    return place;
  }

  /** What the programs of all hosts have printed, for a test that fails. */
  get report(): string {
    return this.#places.map(({ host }) => host.report).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.network, this.#places);
  }
}

async function end(network: Network, places: readonly Place[]): Promise<void> {
  await Promise.all(places.map(({ host }) => host[Symbol.asyncDispose]()));
  await network[Symbol.asyncDispose]();
}

async function answers(target: Target): Promise<void> {
  await poll(async () => (await get(target).catch(() => undefined))?.status === 200 || undefined, 'the balancer');
}

/** The clock by which hosts note their leads, in ms. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
