import { DatagramSockets } from '../listeners/datagram-sockets.ts';
import { ListenerSet } from '../listeners/listener-set.ts';
import { Totals } from '../metrics/totals.ts';
import type { Legacy } from '../upgrade/legacy.ts';
import { ApplicationMetrics } from './application-metrics.ts';
import { bindTcpWith, bindUdpWith } from './bind.ts';
import { Callers } from './callers.ts';
import { Crew, type WorkerSaid } from './crew.ts';
import { Denials } from './denials.ts';
import type { FleetEvent } from './events.ts';
import { awakeOf, type Fleet } from './fleet.ts';
import { Handoffs } from './handoffs.ts';
import { Lookout, type Look } from './lookout.ts';
import { Succession } from './succession.ts';
import type { SupervisorParts } from './supervisor-parts.ts';
import { Timers } from './timers.ts';

/** What those who hold something know of the supervisor. */
export interface Superior {
  /** Takes what happened. */
  readonly post: (event: FleetEvent | WorkerSaid | Look) => void;
  readonly fleet: () => Fleet;
  /** The path of the control socket; empty where there is none. */
  readonly control: () => string;
  /** What there is to leave to another primary. */
  readonly legacy: () => Legacy;
}

/** Everything that the primary holds while it runs, each in the hands of one owner. `close` lets go of all of it. */
export class Holdings {
  readonly crew: Crew;
  readonly listeners: ListenerSet;
  readonly datagrams: DatagramSockets;
  readonly handoffs: Handoffs;
  readonly timers: Timers;
  readonly lookout: Lookout;
  readonly succession: Succession;
  /** What the application's own registries have. */
  readonly metrics: ApplicationMetrics;
  /** What workers that have ended had counted. */
  readonly totals: Totals = new Totals();
  readonly callers: Callers = new Callers();
  readonly #board: SupervisorParts['board'];

  constructor(parts: SupervisorParts, { post, fleet, control, legacy }: Superior) {
    const { settings, sharing, os } = parts;
    this.#board = parts.board;
    const crew = new Crew({
      ...parts,
      totals: this.totals,
      rebalance: settings.rebalance === 'on',
      migrate: settings.migrate === 'on',
      hangStack: settings.hangStack === 'on' ? settings.heartbeatTimeout : 0,
      gracePeriod: settings.shutdownGracePeriod,
      control,
      slotOf: (worker) => fleet().workers.get(worker)?.slot,
      post,
    });
    const send: Crew['send'] = (worker, message, handle) => crew.send(worker, message, handle);
    this.crew = crew;
    const told = new Denials(parts.log, () => os.now()).observe(send);
    this.listeners = new ListenerSet({ sharing, bind: bindTcpWith(parts), passed: parts.passed, post: told });
    this.datagrams = new DatagramSockets(send, bindUdpWith(parts));
    this.handoffs = new Handoffs({ send, workerOf: (slot) => awakeOf(fleet(), slot) });
    this.timers = new Timers(os, (timer) => post({ type: 'due', timer }));
    this.lookout = new Lookout({
      settings,
      os,
      log: parts.log,
      row: (worker) => crew.row(worker),
      handoffs: () => this.handoffs.counts,
      post,
    });
    this.metrics = new ApplicationMetrics({
      send: (worker, request) => send(worker, { type: 'metrics', request }),
      after: (ms, callback) => os.after(ms, callback),
    });
    this.succession = new Succession({
      sharing,
      env: parts.successorEnv,
      readyTimeout: settings.readyTimeout,
      binder: parts.binder,
      legacy,
      events: {
        ready: (pid, generation) => post({ type: 'upgraded', pid, generation }),
        failed: (reason) => post({ type: 'upgrade-failed', reason }),
      },
    });
  }

  /** The sockets, as another primary gets them. */
  bequeath(): Pick<Legacy, 'listeners' | 'ephemeral' | 'datagrams'> {
    return { ...this.listeners.bequeath(), datagrams: this.datagrams.bequeath() };
  }

  /** @returns what settles when a next primary that was given up has ended, too. */
  close(): Promise<void> {
    this.lookout.close();
    const abandoned = this.succession.abandon();
    this.timers.close();
    this.listeners.close();
    this.datagrams.close();
    this.handoffs.close();
    this.crew.close();
    this.#board?.close();
    this.callers.close('the server has stopped');
    return abandoned;
  }
}
