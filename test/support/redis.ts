import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ownedEnvironment, testDirectory } from './abandoned.ts';
import { freePort } from './platform.ts';

const version = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });

/** The reason not to run a test, or false, as `skip` takes it. */
export const noRedis: string | false = version.status === 0 ? false : 'redis-server is not installed';

interface RedisOptions {
  readonly replicaOf?: Redis;
  readonly args?: readonly string[];
}

/**
 * A redis-server of the test's own, which can be killed and restarted. The object owns the process and its directory.
 */
export class Redis implements AsyncDisposable {
  readonly directory = testDirectory('redis');
  readonly port: number;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[] = []) {
    this.port = port;
    this.#arguments = args;
  }

  static async start({ replicaOf, args = [] }: RedisOptions = {}): Promise<Redis> {
    const follow = replicaOf === undefined ? [] : ['--replicaof', '127.0.0.1', String(replicaOf.port)];
    const redis = new Redis(await freePort(), [...follow, ...args]);
    await redis.start();
    return redis;
  }

  /** Starts a sentinel that alone decides, and soon. */
  static async startSentinel(name: string, main: Redis): Promise<Sentinel> {
    const sentinel = new Sentinel(name, await freePort());
    await sentinel.watch(main);
    return sentinel;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts the server. It writes to disk at once, so that an acknowledged write survives a kill. */
  async start(): Promise<void> {
    const options = ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.directory, '--save', ''];
    // A new title would overwrite the environment that /proc shows, by which the next run knows whose it is.
    const keep = ['--appendonly', 'yes', '--appendfsync', 'always', '--set-proc-title', 'no'];
    this.#child = spawn('redis-server', [...options, ...keep, ...this.#arguments].map(String), {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: ownedEnvironment(),
    });
    let output = '';
    for await (const chunk of this.#child.stdout!) {
      output += String(chunk);
      if (output.includes('Ready to accept connections')) break;
    }
    if (!output.includes('Ready to accept connections')) throw new Error(output);
  }

  /** Sends one command. */
  async ask(...command: string[]): Promise<unknown> {
    const { createClient } = await import('redis');
    const client = createClient({ url: this.url });
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  }

  /** Removes the data of a server that does not run. */
  forget(): void {
    rmSync(this.directory, { recursive: true });
    mkdirSync(this.directory);
  }

  /** Stops the server in the middle of what it does, until `resume`. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.#child?.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true });
  }
}

/** A sentinel that watches one server. The object owns the process and its directory. */
export class Sentinel implements AsyncDisposable {
  readonly port: number;
  readonly #directory = testDirectory('sentinel');
  readonly #name: string;
  #child: ChildProcess | undefined;

  constructor(name: string, port: number) {
    this.#name = name;
    this.port = port;
  }

  async watch(main: Redis): Promise<void> {
    const file = join(this.#directory, 'sentinel.conf');
    const name = this.#name;
    const lines = [
      `port ${this.port}`,
      'bind 127.0.0.1',
      'set-proc-title no',
      `dir ${this.#directory}`,
      `sentinel monitor ${name} 127.0.0.1 ${main.port} 1`,
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 5000`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    this.#child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore', env: ownedEnvironment() });
    while ((await this.#ask('PING')) !== 'PONG') await delay(20);
  }

  /** Waits until the sentinel knows of a replica that could take over. */
  async seesReplica(): Promise<void> {
    while (((await this.#ask('SENTINEL', 'replicas', this.#name)) as unknown[] | undefined)?.length !== 1) {
      await delay(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    rmSync(this.#directory, { recursive: true });
  }

  async #ask(...command: string[]): Promise<unknown> {
    const { createClient } = await import('redis');
    const client = createClient({ socket: { port: this.port, host: '127.0.0.1', reconnectStrategy: false } });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.sendCommand(command);
    } catch {
      return undefined;
    } finally {
      client.destroy();
    }
  }
}
