import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { poll } from '../../support/watched.ts';
import type { Host } from './host.ts';
import type { Place } from './network.ts';
import type { Program } from './program.ts';

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
/** The name by which Sentinel knows the primary. */
const NAME = 'shop';
/** A Sentinel that waits for so long keeps out of tests that are not about it. */
const PATIENT_MS = 60_000;
const IMPATIENT_MS = 500;

/** A redis-server on a host of its own. It writes to disk at once, so that an acknowledged write survives a kill. */
export class RedisHost {
  readonly host: Host;
  readonly address: string;
  #program: Program | undefined;

  constructor({ host, address }: Place) {
    this.host = host;
    this.address = address;
  }

  /** @param primary the address of the one that it follows */
  async start(primary?: string): Promise<void> {
    const place = ['--bind', '0.0.0.0', '--protected-mode', 'no', '--dir', '/srv', '--port', String(REDIS_PORT)];
    const keep = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
    // A replica copies at once, and through no file.
    const copy = ['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0'];
    const follow = primary === undefined ? [] : ['--replicaof', primary, String(REDIS_PORT)];
    this.#program = this.host.start('redis-server', [...place, ...keep, ...copy, ...follow]);
    await this.#program.says(/Ready to accept connections/);
    if (primary !== undefined) await this.#program.says(/MASTER <-> REPLICA sync: Finished/);
  }

  async kill(): Promise<void> {
    await this.host.must('kill', '-KILL', ...this.host.processes().map(String));
    await this.#program!.ended();
  }

  /** Removes the data of a server that does not run. */
  forget(): void {
    for (const name of this.host.list('/srv').filter((one) => one !== 'node_modules')) this.host.remove(`/srv/${name}`);
  }

  /** Waits until a replica has all that was written before. */
  async replicated(): Promise<void> {
    await poll(async () => ((await this.#writeAndWait()) === 1 ? true : undefined), 'the replica');
  }

  /** WAIT waits for what its own connection has written. */
  #writeAndWait(): Promise<unknown> {
    return ask(this.address, REDIS_PORT, ['SET', 'lab', '1'], ['WAIT', '1', '1000']);
  }
}

/** A Sentinel that decides alone. */
export class SentinelHost {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** The address for `openState`. */
  get url(): string {
    return `redis+sentinel://${this.#place.address}:${SENTINEL_PORT}/${NAME}/0`;
  }

  async start(primary: string): Promise<void> {
    const lines = [
      `port ${SENTINEL_PORT}`,
      'protected-mode no',
      'dir /run',
      `sentinel monitor ${NAME} ${primary} ${REDIS_PORT} 1`,
      `sentinel down-after-milliseconds ${NAME} ${PATIENT_MS}`,
      `sentinel failover-timeout ${NAME} 5000`,
    ];
    this.#place.host.write('/srv/sentinel.conf', `${lines.join('\n')}\n`);
    const sentinel = this.#place.host.start('redis-server', ['/srv/sentinel.conf', '--sentinel']);
    await sentinel.says(/\+monitor master/);
  }

  /** Waits until it knows of a replica that could take over. */
  async seesReplica(): Promise<void> {
    const sees = async (): Promise<true | undefined> =>
      ((await this.#ask('replicas', NAME)) as unknown[]).length === 1 || undefined;
    await poll(sees, 'the replica');
  }

  /** Says whether it is to look for another primary when this one is away for half a second. */
  async watch(isImpatient: boolean): Promise<void> {
    await this.#ask('set', NAME, 'down-after-milliseconds', String(isImpatient ? IMPATIENT_MS : PATIENT_MS));
  }

  /** Waits until this address is that of the primary. */
  async names(address: string): Promise<void> {
    const isNamed = async (): Promise<true | undefined> => {
      await delay(20);
      const [named] = (await this.#ask('get-master-addr-by-name', NAME)) as string[];
      return named === address || undefined;
    };
    await poll(isNamed, `${address} as the primary`);
  }

  #ask(...command: string[]): Promise<unknown> {
    return ask(this.#place.address, SENTINEL_PORT, ['SENTINEL', ...command]);
  }
}

/** Sends commands on a new connection, and returns the answer to the last. */
async function ask(host: string, port: number, ...commands: string[][]): Promise<unknown> {
  const client = createClient({ socket: { host, port, reconnectStrategy: false } });
  client.on('error', () => {});
  await client.connect();
  try {
    const answers = await Promise.all(commands.map((command) => client.sendCommand(command)));
    return answers.at(-1);
  } finally {
    client.destroy();
  }
}
