import { freePort } from './platform.ts';
import { Redis } from './redis.ts';
import { poll } from './watched.ts';

const SLOTS = 16_384;
const MASTERS = 3;
/** The servers wait for a busy machine. A master that is lost in a test is told to be (`replace`). */
const NODE_TIMEOUT_MS = 15_000;

interface Server {
  readonly redis: Redis;
  readonly id: string;
  readonly busPort: number;
}

/** A cluster of three masters, and a replica of the second. The object owns the servers. */
export class RedisCluster implements AsyncDisposable {
  readonly #servers: readonly Server[];

  private constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  static async start(): Promise<RedisCluster> {
    const cluster = new RedisCluster(await Promise.all(Array.from({ length: MASTERS + 1 }, startServer)));
    await cluster.#join();
    return cluster;
  }

  /** The URL names two of the servers. */
  get url(): string {
    const [first, second] = this.masters;
    return `redis+cluster://127.0.0.1:${first!.port},127.0.0.1:${second!.port}`;
  }

  get masters(): readonly Redis[] {
    return this.#servers.slice(0, MASTERS).map(({ redis }) => redis);
  }

  /** The replica of the second master. */
  get replica(): Redis {
    return this.#servers[MASTERS]!.redis;
  }

  /** Kills the second master, and has its replica stand for election at once. The other masters vote. */
  async replace(): Promise<void> {
    await this.masters[1]!.kill();
    await this.replica.ask('CLUSTER', 'FAILOVER', 'FORCE');
  }

  idOf(redis: Redis): string {
    return this.#servers.find((server) => server.redis === redis)!.id;
  }

  /** Returns the master that has a slot at the beginning. */
  masterOf(slot: number): Redis {
    return this.masters[Math.floor((slot * MASTERS) / SLOTS)]!;
  }

  /** Starts to move a slot. Until `assign`, both masters have their part of it. */
  async beginMove(slot: number, from: Redis, to: Redis): Promise<void> {
    await to.ask('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', this.idOf(from));
    await from.ask('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', this.idOf(to));
  }

  /** Moves keys of a slot, all unless it is told how many. */
  async moveKeys(slot: number, from: Redis, to: Redis, count = 10_000): Promise<number> {
    const keys = (await from.ask('CLUSTER', 'GETKEYSINSLOT', String(slot), String(count))) as string[];
    const target = ['127.0.0.1', String(to.port), '', '0', '5000'];
    if (keys.length > 0) await from.ask('MIGRATE', ...target, 'KEYS', ...keys);
    return keys.length;
  }

  /** Ends a move. */
  async assign(slot: number, to: Redis): Promise<void> {
    for (const master of [to, ...this.masters]) {
      await master.ask('CLUSTER', 'SETSLOT', String(slot), 'NODE', this.idOf(to));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map(({ redis }) => redis[Symbol.asyncDispose]()));
  }

  async #join(): Promise<void> {
    const [first, ...others] = this.#servers as [Server, ...Server[]];
    for (const [index, { redis }] of this.#servers.slice(0, MASTERS).entries()) {
      await redis.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      const [from, to] = [index, index + 1].map((part) => Math.ceil((part * SLOTS) / MASTERS));
      await redis.ask('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to! - 1));
    }
    for (const { redis, busPort } of others) {
      await first.redis.ask('CLUSTER', 'MEET', '127.0.0.1', String(redis.port), String(busPort));
    }
    await this.#until(this.masters, /cluster_state:ok[^]*cluster_known_nodes:4/, 'INFO');
    const { id } = others[0]!;
    await this.#until([this.replica], new RegExp(id), 'NODES');
    await this.replica.ask('CLUSTER', 'REPLICATE', id);
    await this.#until(this.masters, /slave/, 'NODES');
    await poll(
      async () => /link_status:up/.test(String(await this.replica.ask('INFO', 'replication'))) || undefined,
      'the replica',
    );
  }

  /** Waits until all of them say so. */
  async #until(all: readonly Redis[], pattern: RegExp, what: string): Promise<void> {
    for (const redis of all) {
      await poll(
        async () => pattern.test(String(await redis.ask('CLUSTER', what))) || undefined,
        `CLUSTER ${what} of ${redis.port}`,
      );
    }
  }
}

async function startServer(): Promise<Server> {
  const busPort = await freePort();
  const timing = ['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--repl-diskless-sync-delay', '0'];
  const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), ...timing];
  const redis = await Redis.start({ args: [...args, '--cluster-config-file', 'nodes.conf'] });
  return { redis, busPort, id: String(await redis.ask('CLUSTER', 'MYID')) };
}
