import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { testDirectory } from './abandoned.ts';
import { freePort } from './platform.ts';

const version = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });

/** The reason not to run a test, or false, as `skip` takes it. */
export const noRedis: string | false = version.status === 0 ? false : 'redis-server is not installed';

/**
 * A redis-server of the test's own, which can be killed and restarted. The object owns the process and its directory.
 */
export class Redis implements AsyncDisposable {
  readonly #directory = testDirectory('redis');
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(): Promise<Redis> {
    const redis = new Redis(await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Starts the server. It writes to disk at once, so that an acknowledged write survives a kill. */
  async start(): Promise<void> {
    const options = ['--port', this.#port, '--bind', '127.0.0.1', '--dir', this.#directory, '--save', ''];
    const keep = ['--appendonly', 'yes', '--appendfsync', 'always'];
    this.#child = spawn('redis-server', [...options, ...keep].map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    for await (const chunk of this.#child.stdout!) {
      output += String(chunk);
      if (output.includes('Ready to accept connections')) break;
    }
    if (!output.includes('Ready to accept connections')) throw new Error(output);
  }

  async kill(): Promise<void> {
    if (this.#child?.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true });
  }
}
