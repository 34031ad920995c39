/** The temporary directory of one bench run, and what all systems share in it. Owns it: `remove()` takes it away. */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, which } from './command.ts';
import { paths } from './paths.ts';

/** Below the range that Linux takes client ports from (32768 on), so that no load generator's socket is in the way. */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;

export class Workplace {
  readonly directory = mkdtempSync(join(tmpdir(), 'prefork-bench-'));
  /**
   * The servers' own copy of Node. PSS divides a page by the processes that map it: on the bench's own binary, which the
   * bench and its load client run on too, a small tree would seem cheaper than it is.
   */
  readonly node = join(this.directory, 'bin', 'node');
  /** In the environment of everything that is started, so that whatever is left can be found. */
  readonly mark = `BENCH_RUN=${this.directory}`;
  /** The sessions of the servers that run. nginx writes over its environment, so that the mark does not find it. */
  readonly sessions = new Set<number>();
  readonly certificate = { key: join(this.directory, 'key.pem'), cert: join(this.directory, 'cert.pem') };
  #port = FIRST_PORT + Math.floor(Math.random() * 5000);
  #directories = 0;

  private constructor() {
    mkdirSync(join(this.directory, 'bin'));
    copyFileSync(paths.installed('node/bin/node'), this.node);
  }

  static async create(): Promise<Workplace> {
    const openssl = which('openssl');
    const workplace = new Workplace();
    const { key, cert } = workplace.certificate;
    if (openssl !== undefined) {
      await run([
        openssl,
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-keyout',
        key,
        '-out',
        cert,
      ]);
    }
    return workplace;
  }

  newDirectory(): string {
    const directory = join(this.directory, String(++this.#directories));
    mkdirSync(directory);
    return directory;
  }

  /** A port that nobody listens on, another one each time: the last server's connections in TIME_WAIT are not in the way. */
  async newPort(): Promise<number> {
    for (;;) {
      this.#port = this.#port >= LAST_PORT ? FIRST_PORT : this.#port + 1;
      if (await isFree(this.#port)) return this.#port;
    }
  }

  environment(port: number, directory: string, iterationsPerMs: number): Record<string, string> {
    return {
      PATH: `${join(this.directory, 'bin')}:${process.env['PATH'] ?? ''}`,
      // Nobody's settings, sockets or daemons but this run's own.
      HOME: directory,
      XDG_RUNTIME_DIR: directory,
      BENCH_RUN: this.directory,
      NODE_ENV: 'production',
      PORT: String(port),
      BENCH_ITERATIONS_PER_MS: String(iterationsPerMs),
      BENCH_TLS_KEY: this.certificate.key,
      BENCH_TLS_CERT: this.certificate.cert,
    };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = createServer();
  probe.once('error', () => resolve(false));
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  return promise;
}

/** Of the Node that the servers run on, so that a certificate's trust or a range can be told. */
export const ephemeralPorts = (): number => {
  const [first = 0, last = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number);
  return last - first + 1;
};
