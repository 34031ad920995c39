import type { SeenRow } from '../fleet/canary/samples.ts';
import { DatagramSockets } from '../../listeners/datagram-sockets.ts';
import { udpReuseportWorks } from '../../listeners/native.ts';
import { ListenerSet } from '../../listeners/listener-set.ts';
import { Totals } from '../../metrics/totals.ts';
import type { Handover } from '../../upgrade/handover.ts';
import { whyTight } from '../../options/machine/memory-pressure.ts';
import { CanaryWatch } from './polling/canary-watch.ts';
import { DescriptorWatch } from './polling/descriptor-watch.ts';
import { SlowLooks } from './polling/slow-looks.ts';
import { HealthReports } from './polling/health-reports.ts';
import { ApplicationMetrics } from './polling/application-metrics.ts';
import { bindTcpWith, bindUdpWith } from './bind.ts';
import { PendingRequests } from './pending-requests.ts';
import { PrimaryHalf } from '../half/half.ts';
import { WorkerProcesses } from '../workers/worker-processes.ts';
import { Denials } from './denials.ts';
import type { WorkerId } from '../fleet/ids.ts';
import { longestFirstBoots } from '../fleet/first-boots.ts';
import { awakeOf, type Fleet } from '../fleet/fleet.ts';
import { Handoffs, NEXT_PRIMARY, OLD_PRIMARY, type HandoffParts } from '../workers/handoffs.ts';
import type { EventQueue } from './event-queue.ts';
import { FigureHistory } from '../telemetry/figure-history.ts';
import { HealthPoller } from './polling/health-poller.ts';
import { UpgradeLauncher } from './upgrade-launcher.ts';
import type { SupervisorParts } from './supervisor-parts.ts';
import { Timers } from './timers.ts';

/** The part of the supervisor that the owners of resources know. */
export interface SupervisorAccess {
  /** Takes what happened. */
  readonly post: EventQueue['post'];
  readonly fleet: () => Fleet;
  /** The path of the control socket; empty where there is none. */
  readonly control: () => string;
  /** Returns what there is to leave to another primary. */
  readonly handover: () => Handover;
}

/** Everything that the primary holds while it runs, each with one owner. `close` lets go of all of it. */
export class Resources {
  readonly processes: WorkerProcesses;
  /** The application's half of what expects node:cluster's primary. */
  readonly half: PrimaryHalf;
  readonly listeners: ListenerSet;
  readonly datagrams: DatagramSockets;
  readonly handoffs: Handoffs;
  readonly timers: Timers;
  readonly poller: HealthPoller;
  /** The counts of workers that have ended. */
  readonly totals: Totals = new Totals();
  /** The figures of the last minutes. */
  readonly figures: FigureHistory = new FigureHistory(this.totals);
  readonly launcher: UpgradeLauncher;
  /** The metrics of the application's own registries. */
  readonly metrics: ApplicationMetrics;
  /** What workers say of themselves during a canary. */
  readonly reports: HealthReports;
  readonly pending: PendingRequests = new PendingRequests();
  readonly #board: SupervisorParts['board'];
  /** The sockets came from the primary before this one, which has not left yet. */
  #isInheriting = false;

  constructor(parts: SupervisorParts, { post, fleet, control, handover }: SupervisorAccess) {
    const { launches, sharing, os } = parts;
    this.#board = parts.board;
    // Until this primary owns them, the one before serves, and may go on if this one fails.
    this.#isInheriting = parts.oldPrimary !== undefined;
    if (this.#isInheriting) this.#board?.shareSockets(true);
    const half = new PrimaryHalf({
      ...parts,
      current: () => launches.current,
      program: () => launches.program(),
      settings: () => launches.settings,
      workers: () => this.processes.pids,
      tell: (worker, message) => this.processes.tell(worker, message),
    });
    this.half = half;
    const processes = new WorkerProcesses({
      ...parts,
      totals: this.totals,
      program: () => launches.program(),
      settings: () => launches.settings,
      workers: () => fleet().slots.length,
      control,
      slotOf: (worker) => fleet().workers.get(worker)?.slot,
      half,
      post,
    });
    const send: WorkerProcesses['send'] = (worker, message, handle) => processes.send(worker, message, handle);
    this.processes = processes;
    const told = new Denials(parts.log, () => os.now()).observe(send);
    this.listeners = new ListenerSet({ sharing, bind: bindTcpWith(parts), passed: parts.passed, post: told });
    this.datagrams = new DatagramSockets(send, bindUdpWith(parts), {
      slotOf: (worker) => fleet().workers.get(worker)?.slot,
      isPerSlot: sharing === 'reuseport' && udpReuseportWorks(),
    });
    this.handoffs = new Handoffs({
      send: this.#sendHandoff(parts),
      hasRoom: (worker) => worker === NEXT_PRIMARY || processes.hasRoom(worker),
      workerOf: (slot, move) => {
        if (move !== 'upgrade') return awakeOf(fleet(), slot);
        return this.launcher.takes ? NEXT_PRIMARY : takerOf(fleet(), slot, parts.balance === 'sticky-ip');
      },
    });
    this.timers = new Timers(os, (timer) => post({ type: 'due', timer }));
    this.reports = new HealthReports({
      names: () => (launches.settings.canaryMetrics ?? []).map(({ name }) => name),
      send: (worker, metrics) => send(worker, { type: 'health', metrics }),
      now: () => os.now(),
    });
    const row = (worker: WorkerId): SeenRow | undefined => processes.row(worker);
    const canary = new CanaryWatch({ limits: () => launches.settings, row, reports: this.reports });
    this.poller = new HealthPoller({
      settings: () => launches.settings,
      os,
      log: parts.log,
      restoreBoard: () => this.#board?.restore(),
      listeners: this.listeners,
      descriptors: new DescriptorWatch((onlyOverdue) => {
        processes.settle(onlyOverdue);
        half.settle(onlyOverdue);
      }),
      row,
      handoffs: () => this.handoffs.counts,
      moves: () => this.handoffs.moves,
      figures: this.figures,
      post,
      slow: new SlowLooks({ canary, whyTight: () => whyTight(), post, now: () => os.now() }),
    });
    this.metrics = new ApplicationMetrics({
      send: (worker, request) => send(worker, { type: 'metrics', request }),
      after: (ms, callback) => os.after(ms, callback),
    });
    this.launcher = new UpgradeLauncher({
      sharing,
      env: parts.newPrimaryEnv,
      longestBoots: () => longestFirstBoots(fleet().slots.length, launches.settings),
      home: parts.home,
      isFromRoot: parts.isFromRoot,
      binder: parts.binder,
      handover,
      shareSockets: (is) => this.#board?.shareSockets(is),
      events: {
        ready: (pid, generation, takes) => post({ type: 'upgraded', pid, generation, takes }),
        failed: (reason) => post({ type: 'upgrade-failed', reason }),
        moved: (id, how) => this.handoffs.answered(NEXT_PRIMARY, id, how),
        gone: () => this.handoffs.lost(),
      },
    });
  }

  /** Returns the function that sends a handoff, in an upgrade also to the other primary. */
  #sendHandoff({ oldPrimary }: SupervisorParts): HandoffParts['send'] {
    return (to, message, handle, sender) => {
      if (to === NEXT_PRIMARY) {
        const key = message.type === 'handoff' ? this.listeners.keyOf(message.listener) : undefined;
        return this.launcher.send(message, sender, key, handle);
      }
      if (to !== OLD_PRIMARY) return this.processes.send(to, message, handle);
      if (message.type === 'handed') oldPrimary?.moved(message.id, message.how);
      return true;
    };
  }

  /** Returns the sockets, as another primary gets them. */
  manifest(): Pick<Handover, 'listeners' | 'ephemeral' | 'datagrams'> {
    return { ...this.listeners.manifest(), datagrams: this.datagrams.manifest() };
  }

  /** Makes the inherited listeners this primary's own, because the one before it leaves. Later calls do nothing. */
  ownListeners(): void {
    if (!this.#isInheriting) return;
    this.#isInheriting = false;
    this.listeners.own();
    this.#board?.shareSockets(false);
  }

  /** @returns a promise that settles when a next primary that was given up has ended, too. */
  async close(): Promise<void> {
    this.poller.close();
    const abandoned = this.launcher.abandon();
    this.timers.close();
    this.listeners.close();
    this.datagrams.close();
    this.handoffs.close();
    this.processes.close();
    this.#board?.close();
    this.pending.close('the server has stopped');
    await Promise.all([abandoned, this.half.close()]);
  }
}

/** Where a connection of the old primary's goes: to the same slot, else to any, unless clients have a slot of their own. */
function takerOf(fleet: Fleet, slot: number, isSticky: boolean): WorkerId | undefined {
  const own = awakeOf(fleet, slot);
  if (own !== undefined || isSticky) return own;
  const others = fleet.slots.map(({ index }) => awakeOf(fleet, index)).filter((one) => one !== undefined);
  return others[slot % others.length];
}
