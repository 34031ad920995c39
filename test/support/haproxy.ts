/** HAProxy in front of servers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { testDirectory } from './abandoned.ts';
import { freePort } from './platform.ts';
import { poll } from './watched.ts';

/** Debian keeps it where only root's PATH looks. */
const PROGRAM = '/usr/sbin/haproxy';

/** The reason why there is no HAProxy to test with. */
export const noHaproxy: string | false = existsSync(PROGRAM) ? false : `needs HAProxy, as ${PROGRAM}`;

/** A way through HAProxy to a port of this machine. */
export interface Way {
  readonly mode: 'tcp' | 'http';
  readonly to: number;
  /** Options of the server's line, such as `send-proxy-v2`. */
  readonly options: string;
}

/** The object owns the process and its directory, and disposing of it ends and removes both. */
export class Haproxy implements AsyncDisposable {
  /** The ports, in the order of the ways. */
  readonly ports: readonly number[];
  readonly #child: ChildProcess;
  readonly #directory: string;
  #log = '';

  private constructor(child: ChildProcess, directory: string, ports: readonly number[]) {
    this.#child = child;
    this.#directory = directory;
    this.ports = ports;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => void (this.#log += text));
  }

  static async open(ways: readonly Way[]): Promise<Haproxy> {
    const directory = testDirectory('haproxy');
    const ports: number[] = [];
    for (const _ of ways) ports.push(await freePort());
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(file, configuration(ways, ports));
    const haproxy = new Haproxy(
      spawn(PROGRAM, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] }),
      directory,
      ports,
    );
    const listens = (): Promise<true | undefined> =>
      new Promise((resolve) => {
        const socket = connect(ports.at(-1)!, '127.0.0.1');
        socket.once('connect', () => resolve(true)).once('error', () => resolve(undefined));
        socket.once('connect', () => socket.destroy());
      });
    await poll(listens, 'HAProxy').catch(async (error: Error) => {
      await haproxy[Symbol.asyncDispose]();
      throw new Error(`${error.message}\n${haproxy.#log}`, { cause: error });
    });
    return haproxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.#directory, { recursive: true });
  }
}

/** Connects to the servers from another address of the loopback, which only HAProxy has. */
function configuration(ways: readonly Way[], ports: readonly number[]): string {
  const parts = ways.map(
    ({ mode, to, options }, at) => `listen way${at}
  mode ${mode}
  bind 127.0.0.1:${ports[at]}
  source 127.0.0.9
  server app 127.0.0.1:${to} ${options}
`,
  );
  return `defaults
  timeout connect 5s
  timeout client 30s
  timeout server 30s
${parts.join('')}`;
}
