import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The time between two scrapes. */
export const INTERVAL_SECONDS = 2;

type Sample = readonly [time: number, value: string];

interface Answer<Data> {
  readonly status: string;
  readonly error?: string;
  readonly data: Data;
}

/**
 * A Prometheus that scrapes one target. The object owns its process and a directory, and disposing of it ends and
 * removes both.
 */
export class Prometheus implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #directory: string;
  #url = '';

  private constructor(process: ChildProcess, directory: string) {
    this.#process = process;
    this.#directory = directory;
  }

  /**
   * Starts it.
   *
   * @param target `host:port`.
   */
  static async start(target: string): Promise<Prometheus> {
    const directory = mkdtempSync(join(tmpdir(), 'prefork-prometheus-'));
    const config = {
      global: { scrape_interval: `${INTERVAL_SECONDS}s`, scrape_timeout: `${INTERVAL_SECONDS}s` },
      scrape_configs: [{ job_name: 'prefork', static_configs: [{ targets: [target] }] }],
    };
    // Prometheus accepts JSON because JSON is YAML.
    writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config));
    const options = ['--web.listen-address=127.0.0.1:0', '--config.file=prometheus.yml', '--storage.tsdb.path=data'];
    const child = spawn('prometheus', options, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
    const prometheus = new Prometheus(child, directory);
    prometheus.#url = await prometheus.#listening();
    return prometheus;
  }

  /** Returns the value of a query that has one. */
  async value(query: string): Promise<number> {
    const { result } = await this.#ask<{ result: ReadonlyArray<{ readonly value: Sample }> }>(
      `/query?query=${encodeURIComponent(query)}`,
    );
    if (result.length !== 1) throw new Error(`${query}: expected one value, got ${result.length}`);
    return Number(result[0]!.value[1]);
  }

  /** Lists the names of all metrics of a type, as the target declares them. */
  async names(...types: readonly string[]): Promise<string[]> {
    const metadata = await this.#ask<Readonly<Record<string, ReadonlyArray<{ readonly type: string }>>>>('/metadata');
    return Object.keys(metadata).filter((name) => types.includes(metadata[name]![0]!.type));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill();
      await once(this.#process, 'exit');
    }
    rmSync(this.#directory, { recursive: true });
  }

  async #listening(): Promise<string> {
    for await (const line of createInterface(this.#process.stderr!)) {
      const address = /Listening on.* address=(\S+)/.exec(line)?.[1];
      if (address === undefined) continue;
      this.#process.stderr!.resume();
      return `http://${address}`;
    }
    throw new Error('prometheus did not start');
  }

  async #ask<Data>(path: string): Promise<Data> {
    const response = await fetch(`${this.#url}/api/v1${path}`);
    const { status, error, data } = (await response.json()) as Answer<Data>;
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }
}
