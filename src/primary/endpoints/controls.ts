import { accessSync, constants, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Balance, Sharing } from '../../contract/modes.ts';
import type { AskedKind, AskedTargets } from '../../contract/operations.ts';
import type { Outcome } from '../../contract/outcome.ts';
import type { Controls, Dashboard, FiguresHistory, KeptLines, MetricsAnswer, Status } from '../../control/controls.ts';
import { SharedAnswers } from '../../control/shared-answers.ts';
import type { Settings } from '../../options/index.ts';
import type { LineRing } from '../telemetry/line-ring.ts';
import type { Operate } from '../fleet/events.ts';
import type { Failure } from '../fleet/operations/operation.ts';
import { whyNotNode } from '../../upgrade/next-node.ts';
import { Calendar } from './calendar.ts';
import { dashboardOf } from './dashboard.ts';
import { whyNotReady } from '../fleet/server/terms.ts';
import { metricsOf, type ScrapeTerms } from './metrics.ts';
import { statusOf } from './status.ts';
import type { Row } from '../../scoreboard/layout.ts';
import type { WorkerId } from '../fleet/ids.ts';
import type { ControlAddress } from '../supervisor/control-address.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { version } from '../installation.ts';
import { messageOf } from '../../contract/message-of.ts';

/** The time that idle connections may stay open at a stop which was asked for over the control socket. */
const IDLE_MS = 5000;

export interface PrimaryControlsParts extends ScrapeTerms {
  readonly supervisor: Supervisor;
  readonly place: ControlAddress;
  readonly lines: LineRing;
  /** Returns the directory that the workers start in. */
  readonly directory: () => string;
  /** Returns the path of the program. */
  readonly entry: () => string;
  /** The modes that are in force, which may differ from the options. */
  readonly sharing: Sharing;
  readonly balance: Balance;
  /** The range is undefined when the number of workers is fixed. */
  readonly settings: () => Pick<Settings, 'range' | 'readyShare'>;
  /**
   * Root has started this server for another user. The program that runs the next primary then has to be a node of
   * root's, because it gets the channel to the binder, and the admin token.
   */
  readonly isFromRoot: boolean;
}

/** Turns requests over the control socket into events of the supervisor. Owns nothing. */
export class PrimaryControls implements Controls {
  readonly #supervisor: Supervisor;
  readonly #parts: PrimaryControlsParts;
  readonly #calendar = new Calendar();
  readonly #names: Pick<Status, 'prefork' | 'node' | 'pid' | 'sharing'>;
  /** The dashboard, which all entrances share, so that all clients are shown the same. */
  #dashboard: Promise<Dashboard> | undefined;
  readonly #scrapes: SharedAnswers<boolean, MetricsAnswer>;

  constructor(parts: PrimaryControlsParts) {
    const { supervisor, sharing } = parts;
    this.#supervisor = supervisor;
    this.#parts = parts;
    this.#scrapes = new SharedAnswers({ now: parts.now, delay: (ms) => delay(ms, undefined, { ref: false }) });
    this.#names = { prefork: version(), node: process.versions.node, pid: process.pid, sharing };
  }

  dashboard(): Promise<Dashboard> {
    return (this.#dashboard ??= dashboardOf(this.#supervisor, () => this.status()));
  }

  status(): Status {
    const { place, balance, settings, directory, entry } = this.#parts;
    const { fleet, resources } = this.#supervisor;
    const { listeners, processes } = resources;
    const now = this.#parts.now();
    const epoch = this.#calendar.at(now, Date.now());
    const row = (worker: WorkerId): Row | undefined => processes.row(worker);
    const served = {
      addresses: listeners.addresses,
      handoffs: resources.handoffs.counts,
      moves: resources.handoffs.moves,
      row,
    };
    const facts = {
      name: place.name,
      ...this.#names,
      directory: directory(),
      entry: entry(),
      ...served,
      balance,
      range: settings().range,
      now,
      epoch,
    };
    return statusOf(fleet, facts);
  }

  figures(): FiguresHistory {
    return this.#supervisor.resources.figures.read(this.status().startedAt);
  }

  async metrics(accept: string | undefined): Promise<MetricsAnswer> {
    const { wantsOpenMetrics } = await import('../../metrics/exposition.ts');
    return this.#scrapes.ask(wantsOpenMetrics(accept), () =>
      metricsOf(this.#supervisor, this.#parts, this.status(), accept),
    );
  }

  logs(after?: number, worker?: number): KeptLines {
    return this.#parts.lines.read(after, worker);
  }

  readiness(): ReturnType<Controls['readiness']> {
    const reason = whyNotReady(this.#supervisor.fleet, this.#parts.settings());
    return reason === undefined ? { ready: true } : { ready: false, reason };
  }

  async operate<Kind extends AskedKind>(kind: Kind, asked: AskedTargets[Kind]): Promise<Outcome> {
    const target = checks[kind]?.(asked, this.#parts) ?? asked;
    if ('ok' in target) return target;
    return this.#supervisor.ask((request) => ({ type: 'operate', kind, target, request }) as Operate);
  }

  stop(isNow: boolean): Promise<Outcome> {
    return this.#supervisor.ask((request) => ({ type: 'stop', idle: IDLE_MS, isNow, request }));
  }

  hold(pid: number, terms: { within: number; closesInspector: boolean; holder: string }): Promise<Outcome> {
    return this.#supervisor.ask((request) => ({ type: 'hold', pid, ...terms, request }));
  }
}

/**
 * Checks what a decision cannot look up, because it is pure. Returns the target as it can be had here, or why it
 * cannot.
 */
const checks: {
  readonly [Kind in AskedKind]?: (
    target: AskedTargets[Kind],
    place: Pick<PrimaryControlsParts, 'isFromRoot' | 'sharing'>,
  ) => AskedTargets[Kind] | Failure;
} = {
  reload: (target, { sharing }) => {
    if (sharing !== 'round-robin' || (target.canary ?? 0) === 0) return target;
    const reason = 'a canary needs another --sharing than round-robin, in which a parked worker still gets connections';
    return { ok: false, reason };
  },
  upgrade: ({ node, preferNode }, { isFromRoot }) => {
    const whyNot = (path: string): string | undefined => whyNotRun(path) ?? (isFromRoot ? whyNotNode(path) : undefined);
    const refusal = node === undefined ? undefined : whyNot(node);
    if (refusal !== undefined) return { ok: false, reason: refusal };
    const preferred = preferNode !== undefined && whyNot(preferNode) === undefined ? preferNode : undefined;
    return { node: node ?? preferred };
  },
};

function whyNotRun(node: string): string | undefined {
  try {
    accessSync(node, constants.X_OK);
    return statSync(node).isFile() ? undefined : `${node} is not a file`;
  } catch (error) {
    return `${node} cannot be run: ${messageOf(error)}`;
  }
}
