import { noMoves } from '../../src/contract/moves.ts';
import type { AskedKind, AskedTargets } from '../../src/contract/operations.ts';
import type { Outcome } from '../../src/contract/outcome.ts';
import { VITALS, type Vitals } from '../../src/contract/vitals.ts';
import type {
  Controls,
  Dashboard,
  KeptLines,
  FiguresHistory,
  MetricsAnswer,
  Status,
  WorkerStatus,
} from '../../src/control/controls.ts';
import { Live } from '../../src/dashboard/live.ts';
import { LineRing } from '../../src/primary/telemetry/line-ring.ts';
import { EventHistory } from '../../src/primary/telemetry/event-history.ts';
import { DURATIONS } from '../../src/scoreboard/durations.ts';

/** A worker that serves. A test changes only the fields that it cares about. */
export function fakeWorker(changes: Partial<WorkerStatus> = {}): WorkerStatus {
  return { pid: 4712, slot: 0, generation: 1, state: 'serving', uptime: 60_000, vitals: null, ...changes };
}

/** The figures of a worker that has counted nothing. A test changes only those that it cares about. */
export function fakeVitals(changes: Partial<Vitals> = {}): Vitals {
  const nothing = VITALS.map(({ name, figure }) => [name, figure.count === undefined ? 0 : []]);
  return { ...(Object.fromEntries(nothing) as unknown as Vitals), ...changes };
}

export function fakeStatus(changes: Partial<Status> = {}): Status {
  return {
    version: 1,
    name: 'fake',
    pid: process.pid,
    prefork: '0.1.0',
    node: 'v24.0.0',
    directory: '/srv/fake',
    entry: '/srv/fake/fake.js',
    phase: 'serving',
    generation: 1,
    sharing: 'reuseport',
    balance: {
      mode: 'least-connections',
      skew: 1,
      handoffs: { done: 0, refused: 0, failed: 0 },
      moves: noMoves(),
    },
    addresses: ['127.0.0.1:8080'],
    startedAt: '2026-01-01T00:00:00.000Z',
    uptime: 60_000,
    workers: { wanted: 1, serving: 1 },
    slots: [{ slot: 0, state: 'serving', worker: fakeWorker(), successor: null, crashes: 0, lastExit: null }],
    spares: [],
    parked: [],
    kept: null,
    canary: null,
    leaving: [],
    autoscale: null,
    operation: null,
    reloads: { done: 0, failed: 0, rolledBack: 0, last: undefined },
    durationBounds: [1, 10, 100],
    ...changes,
  };
}

type Operation = AskedKind | 'stop' | 'hold';

/** A fake primary, which records the requests and gives the answers that it was told to. */
export class FakeControls implements Controls {
  /** The requests in order, such as `scale {"by":1}`. */
  readonly calls: string[] = [];
  answers: Partial<Record<Operation, () => Promise<Outcome>>> = {};
  current: Status;
  notReady: string | undefined;
  readonly history: EventHistory = new EventHistory();
  #live: Live | undefined;
  /** The reason for which `metrics` fails. Without it, the body of the answer is the requested format. */
  noMetrics: string | undefined;

  constructor(name = 'fake') {
    this.current = fakeStatus({ name });
  }

  status(): Status {
    return this.current;
  }

  past: FiguresHistory = { version: 1, startedAt: '2026-01-01T00:00:00.000Z', every: 2000, totals: [], slots: [] };

  figures(): FiguresHistory {
    return this.past;
  }

  async dashboard(): Promise<Dashboard> {
    const { history } = this;
    this.#live ??= new Live({ status: () => this.current, durations: () => new Float64Array(DURATIONS), history });
    return this.#live;
  }

  async metrics(accept: string | undefined): Promise<MetricsAnswer> {
    if (this.noMetrics !== undefined) return { ok: false, reason: this.noMetrics };
    return { ok: true, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: `# ${accept}\n` };
  }

  readonly lines: LineRing = new LineRing();

  logs(after?: number, worker?: number): KeptLines {
    return this.lines.read(after, worker);
  }

  readiness(): ReturnType<Controls['readiness']> {
    return this.notReady === undefined ? { ready: true } : { ready: false, reason: this.notReady };
  }

  operate<Kind extends AskedKind>(kind: Kind, target: AskedTargets[Kind]): Promise<Outcome> {
    return this.#answer(kind, Object.keys(target).length === 0 ? undefined : target);
  }

  stop(now: boolean): Promise<Outcome> {
    return this.#answer('stop', { now });
  }

  hold(pid: number, terms: Parameters<Controls['hold']>[1]): Promise<Outcome> {
    return this.#answer('hold', { pid, ...terms });
  }

  async #answer(operation: Operation, argument?: object): Promise<Outcome> {
    this.calls.push(argument === undefined ? operation : `${operation} ${JSON.stringify(argument)}`);
    return (await this.answers[operation]?.()) ?? { ok: true, generation: 2, workers: 4, took: 412 };
  }
}
