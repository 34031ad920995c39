import { formatAddress } from '../../listeners/address.ts';
import type { DatagramSockets } from '../../listeners/datagram-sockets.ts';
import type { Listener } from '../../listeners/listener.ts';
import type { ListenerSet } from '../../listeners/listener-set.ts';
import type { Sharing } from '../../contract/modes.ts';
import { readFamilies } from '../../metrics/family.ts';
import type { ApplicationMetrics } from './polling/application-metrics.ts';
import type { HealthReports } from './polling/health-reports.ts';
import type { WorkerSaid } from '../workers/worker-processes.ts';
import type { FleetEvent } from '../fleet/events.ts';
import type { WorkerId } from '../fleet/ids.ts';
import type { Handoffs, NativeClient } from '../workers/handoffs.ts';
import type { Log } from '../telemetry/log.ts';
import type { LivingMessage } from '../workers/worker-process.ts';

export interface MessageRouterParts {
  readonly sharing: Sharing;
  readonly listeners: ListenerSet;
  readonly datagrams: DatagramSockets;
  readonly handoffs: Handoffs;
  readonly metrics: ApplicationMetrics;
  readonly reports: HealthReports;
  readonly post: (event: FleetEvent) => void;
  readonly log: Log;
  /** Returns the number of workers that there should be. */
  readonly workers: () => number;
  /** Takes a fault of our own. */
  readonly broke: (error: unknown) => void;
}

/** The number of addresses that are logged and kept. A server has a few, and a worker can name as many as it likes. */
const MOST_ADDRESSES = 1000;

const UNHEARD =
  'the application handles SIGINT alone, and its workers end by SIGTERM, so that handler does not run: give --stop-signal SIGINT, or handle SIGTERM';

const ONE_CLIENT =
  'the first connections all came from there, so sticky-ip gives one worker all the work: a proxy hides its clients. Trust it by --proxy-protocol and have it send PROXY protocol, or give another --balance';

/** Why a server that does not ask the primary could not have its address. */
const UNSHARED = {
  exclusive:
    'address already in use: with exclusive: true a port is one worker’s alone, and another may have it. Leave that out and all workers share the port',
  thread:
    'address already in use: a server in a thread has its port for one worker alone, and another may have it. Let it listen in the main thread, where all workers share the port, or at a port of its own',
} as const;

type OnceLogged = 'stop signal unheard' | 'proxy header refused' | 'one client' | 'not listening';

type MessageOf<Type extends LivingMessage['type']> = LivingMessage & { readonly type: Type };
type Routes = {
  readonly [Type in LivingMessage['type']]: (worker: WorkerId, message: MessageOf<Type>, handle: unknown) => void;
};

/**
 * Routes the messages of workers to the parts that they concern: the listeners, the handoffs, the metrics. A message
 * that changes what the worker is goes to the fleet, as an event. Owns nothing.
 */
export class MessageRouter {
  readonly #parts: MessageRouterParts;
  readonly #isLogged = new Set<OnceLogged>();
  /** The addresses that were logged as listening. */
  readonly #addresses = new Set<string>();

  constructor(parts: MessageRouterParts) {
    this.#parts = parts;
  }

  route({ worker, message, handle }: WorkerSaid): void {
    (this.#routes[message.type] as Routes['ready'])(worker, message as MessageOf<'ready'>, handle);
  }

  /** Tells the parts that a worker is gone: it says nothing more, and others get what it had. */
  gone(worker: WorkerId): void {
    const { listeners, datagrams, handoffs, metrics, reports } = this.#parts;
    listeners.gone(worker);
    datagrams.gone(worker);
    handoffs.gone(worker);
    metrics.gone(worker);
    reports.gone(worker);
  }

  readonly #routes: Routes = {
    listen: (worker, { request, ...query }) => {
      const { listeners, post, broke } = this.#parts;
      void listeners.request(worker, request, query).then((answer) => {
        if (answer === 'held') post({ type: 'standby', worker });
        if (answer === 'granted') post({ type: 'granted', worker });
      }, broke);
    },
    listening: (worker, { listener }) => {
      this.#opened(worker, this.#parts.listeners.listening(worker, listener));
      this.#parts.post({ type: 'serving', worker });
    },
    opened: (worker, { listener }) => this.#opened(worker, this.#parts.listeners.opened(worker, listener)),
    closed: (worker, { listener }) => {
      const { listeners, post } = this.#parts;
      const closed = listeners.closed(worker, listener);
      if (closed !== undefined) post({ type: 'closed', worker, address: formatAddress(closed) });
    },
    returned: (worker, { listener }) => this.#parts.listeners.returned(worker, listener),
    handoff: (worker, message, handle) =>
      this.#parts.handoffs.pass(worker, message, handle as NativeClient | undefined),
    recall: (worker, { id }) => this.#parts.handoffs.recall(worker, id),
    taken: (worker, { id }) => this.#parts.handoffs.answered(worker, id, 'taken'),
    refused: (worker, { id }) => this.#parts.handoffs.answered(worker, id, 'refused'),
    metrics: (worker, { request, families }) => this.#parts.metrics.answered(worker, request, readFamilies(families)),
    health: (worker, message) => this.#parts.reports.answered(worker, message),
    bind: (worker, { request, address, port, family, ipv6Only, reuseAddress }) => {
      const { datagrams, post, broke } = this.#parts;
      void datagrams.request(worker, request, { address, port, family, ipv6Only, reuseAddress }).then((answer) => {
        if (answer === 'held') post({ type: 'standby', worker });
      }, broke);
    },
    unbound: (worker, { socket }) => this.#parts.datagrams.unbound(worker, socket),
    serving: (worker, name) => {
      this.#logListening(name, this.#parts.sharing);
      this.#parts.post({ type: 'opened', worker, address: formatAddress(name) });
      this.#parts.post({ type: 'serving', worker });
    },
    ceased: (worker, name) => this.#parts.post({ type: 'closed', worker, address: formatAddress(name) }),
    unheard: () => {
      if (this.#isFirst('stop signal unheard')) this.#parts.log('stop signal unheard', { why: UNHEARD });
    },
    proxyHeaderRefused: (_, { peer, why }) => {
      if (this.#isFirst('proxy header refused')) this.#parts.log('proxy header refused', { peer: peer || 'unix', why });
    },
    singleClient: (_, { peer }) => {
      if (this.#isFirst('one client')) this.#parts.log('one client', { peer, why: ONE_CLIENT });
    },
    unshared: (_, { where, ...name }) => {
      if (!this.#isFirst('not listening')) return;
      this.#parts.log('not listening', { address: formatAddress(name), code: 'EADDRINUSE', why: UNSHARED[where] });
    },
    started: (worker) => this.#parts.post({ type: 'started', worker }),
    ready: (worker) => this.#parts.post({ type: 'booted', worker }),
    drained: (worker) => this.#parts.post({ type: 'drained', worker, moves: this.#parts.handoffs.movesOf(worker) }),
  };

  /** Whether this is the first time. What all workers say is logged once: they run the same program, and have the same clients. */
  #isFirst(name: OnceLogged): boolean {
    const isFirst = !this.#isLogged.has(name);
    this.#isLogged.add(name);
    return isFirst;
  }

  /** @param listener undefined when the worker has closed it meanwhile. */
  #opened(worker: WorkerId, listener: Listener | undefined): void {
    if (listener === undefined) return;
    this.#logListening(listener, listener.isPerSlot ? 'reuseport' : 'shared');
    this.#parts.post({ type: 'opened', worker, address: formatAddress(listener) });
  }

  /** Logs an address once: workers come and go, and the address stays. */
  #logListening(name: { address: string; port: number }, sharing: Sharing): void {
    const address = formatAddress(name);
    if (this.#addresses.has(address) || this.#addresses.size >= MOST_ADDRESSES) return;
    this.#addresses.add(address);
    this.#parts.log('listening', { address, sharing, workers: this.#parts.workers() });
  }
}
