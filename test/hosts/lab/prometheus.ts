import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { get } from '../../support/http.ts';
import { example } from '../../support/paths.ts';
import { poll } from '../../support/watched.ts';
import { ADMIN_PORT } from './application.ts';
import type { Place } from './network.ts';

const PORT = 9090;
const EVERY = '1s';
const ASK_AGAIN_MS = 50;

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
}

/** A Prometheus that scrapes the hosts, with the rules that users are given. It belongs to its host. */
export class Prometheus {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** @param addresses the hosts that it scrapes */
  async start(addresses: readonly string[]): Promise<void> {
    const { host } = this.#place;
    host.write('/srv/alerts.yml', sooner(readFileSync(example('grafana/alerts.yml'), 'utf8')));
    host.write('/srv/prometheus.yml', JSON.stringify(configuration(addresses)));
    const keep = ['--storage.tsdb.path=/srv/data', '--storage.tsdb.retention.time=1h'];
    host.start('/usr/bin/prometheus', ['--config.file=/srv/prometheus.yml', ...keep]);
    await poll(
      async () => (await this.scraped().catch(() => [])).length === addresses.length || undefined,
      'Prometheus',
    );
  }

  /** Returns the hosts that were scraped last time, with the version of the application on each. */
  async scraped(): Promise<string[]> {
    const { result } = (await this.#ask('query?query=prefork_application_info')) as {
      result: Array<{ metric: Record<string, string> }>;
    };
    return result.map(({ metric }) => `${metric['instance']} ${metric['version']}`);
  }

  /** Waits until this alert fires. @param labels what it says, or a part of that */
  async fires(alertname: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await poll(async () => (await this.#isFiring({ alertname, ...labels })) || undefined, `the alert ${alertname}`);
  }

  /** Waits until no alert with this name fires any more. */
  async isOver(alertname: string): Promise<void> {
    await poll(async () => !(await this.#isFiring({ alertname })) || undefined, `the end of ${alertname}`);
  }

  async #isFiring(labels: Readonly<Record<string, string>>): Promise<boolean> {
    const { alerts } = (await this.#ask('alerts')) as { alerts: Alert[] };
    const fits = (alert: Alert): boolean =>
      Object.entries(labels).every(([name, value]) => alert.labels[name] === value);
    // Nothing is new for a while.
    await delay(ASK_AGAIN_MS);
    return alerts.some((alert) => alert.state === 'firing' && fits(alert));
  }

  async #ask(what: string): Promise<unknown> {
    const { body } = await get({ host: this.#place.address, port: PORT }, { path: `/api/v1/${what}` });
    return (JSON.parse(body) as { data: unknown }).data;
  }
}

/** The file of docs/scaling-out.md, for the addresses of the lab. JSON is YAML too. */
function configuration(addresses: readonly string[]): object {
  const targets = addresses.map((address) => `${address}:${ADMIN_PORT}`);
  return {
    global: { scrape_interval: EVERY, scrape_timeout: EVERY, evaluation_interval: EVERY },
    rule_files: ['alerts.yml'],
    scrape_configs: [{ job_name: 'shop', static_configs: [{ targets }] }],
  };
}

/** What users are told of after minutes, the lab is told of at once. */
function sooner(rules: string): string {
  return rules.replaceAll(/ for: \d+m\n/g, ' for: 0s\n');
}
