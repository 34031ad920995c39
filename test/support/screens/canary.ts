/** A server whose primary is a fake, and which watches a canary, for the page and for `prefork top`. */
import { readFile } from 'node:fs/promises';
import { AdminServer } from '../../../src/control/admin-server.ts';
import type { CanaryStatus, Status } from '../../../src/control/controls.ts';
import { FakeControls, fakeStatus, fakeVitals, fakeWorker } from '../fake-controls.ts';
import { inRoot } from '../paths.ts';
import { TOKEN } from './dashboard.ts';

/** The time between two moments of the fake's clock. */
const CLOCK_MS = 200;

/** A canary in the middle of its watch. The last reason is what a hostile application could say. */
export const canary: CanaryStatus = {
  baseline: 2,
  canary: 3,
  slots: [0],
  elapsed: 45_000,
  total: 120_000,
  onDoubt: 'rollback',
  verdict: 'undecided',
  reasons: [
    'p99 is 62ms beside 21ms, and at most 31ms is allowed',
    `<b id="hostile">says</b> \u001B[31m\u202E anything at all, ${'on and on '.repeat(12)}${'x'.repeat(120)}`,
  ],
  table: [
    { figure: 'requests', unit: 'requests', baseline: 12_345, canary: 4012, limit: null, verdict: 'not judged' },
    { figure: '5xx', unit: 'ratio', baseline: 0.001, canary: 0.0023, limit: 0.006, verdict: 'ok' },
    { figure: 'p50', unit: 'ms', baseline: 4.2, canary: 4.4, limit: 6.3, verdict: 'ok' },
    { figure: 'p99', unit: 'ms', baseline: 21, canary: 62, limit: 31, verdict: 'worse' },
    { figure: 'event loop', unit: 'ratio', baseline: 0.31, canary: 0.35, limit: 0.46, verdict: 'ok' },
    { figure: 'memory (old: peak)', unit: 'bytes', baseline: 9e7, canary: 1.1e8, limit: 1.4e8, verdict: 'ok' },
    {
      figure: 'orders_failed_total_with_a_long_name',
      unit: '',
      baseline: null,
      canary: null,
      limit: 0.5,
      verdict: 'too little',
    },
  ],
};

export function canaryStatus(changes: Partial<Status> = {}): Status {
  const slots = [0, 1, 2, 3].map((slot) => {
    const vitals = fakeVitals({ connectionsOpen: 12, rss: 9e7, utilization: 0.3, requestsFinished: 1000 });
    const worker = fakeWorker({ slot, pid: 4711 + slot, generation: slot === 0 ? 3 : 2, vitals });
    return { slot, state: 'serving', worker, successor: null, crashes: 0, lastExit: null } as const;
  });
  const workers = { wanted: 4, serving: 4 };
  return fakeStatus({ name: 'api', generation: 3, workers, slots, operation: 'reload', canary, ...changes });
}

/** Serves the page, with a fake primary behind it. The caller closes it. */
export class FakeServer implements AsyncDisposable {
  readonly controls: FakeControls;
  readonly url: string;
  readonly #server: AdminServer;
  readonly #clock: NodeJS.Timeout;

  static async open(): Promise<FakeServer> {
    const controls = new FakeControls('api');
    controls.current = canaryStatus();
    // The page's files are bundled by the build, and are not beside the compiled tests.
    const live = await controls.dashboard();
    live.file = (name) => readFile(inRoot(`dist/dashboard/${name}`), 'utf8');
    return new FakeServer(controls, await AdminServer.open({ controls, address: '127.0.0.1:0', token: TOKEN }));
  }

  private constructor(controls: FakeControls, server: AdminServer) {
    this.controls = controls;
    this.#server = server;
    this.url = server.url;
    // The page goes by the server's clock.
    this.#clock = setInterval(() => {
      const { current } = controls;
      controls.current = { ...current, uptime: current.uptime + CLOCK_MS };
    }, CLOCK_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#clock);
    await this.#server.close();
  }
}
