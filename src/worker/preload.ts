/**
 * Node loads this file into every worker before the application (`node --require`). In any other process, such as one that the
 * application starts with the same flags, it does nothing.
 */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Balance } from '../contract/modes.ts';
import { takeBriefing, type WorkerBriefing } from '../ipc/briefing.ts';
import type { Slots } from '../balance/slots.ts';
import { LoadView } from '../scoreboard/load-view.ts';
import { saveCompileCache } from './compile-cache.ts';
import { ApplicationMetrics } from './vitals/application-metrics.ts';
import { isLevelled } from '../balance/mode.ts';
import { Balancer } from './balancing/balancer.ts';
import { ProxyFilter } from './proxies/proxy-filter.ts';
import { Leveller } from './balancing/leveller.ts';
import { Drain } from './draining/drain.ts';
import { Handoffs } from './balancing/handoffs.ts';
import { Heat } from './balancing/heat.ts';
import { Undecided } from './balancing/undecided.ts';
import type { SlotHandle } from './listening/slot-handle.ts';
import { watchForHangs } from './vitals/hang-watch.ts';
import { IdleConnections } from './draining/idle-connections.ts';
import { reportFatalErrors } from './last-words/fatal-report.ts';
import { Health } from './vitals/health.ts';
import { closeInspectorAfterHolds, inspectOnAnyPort } from './vitals/inspector.ts';
import { LastWords } from './last-words/last-words.ts';
import { leaveWhenTold } from './draining/leaving.ts';
import { Lingering } from './draining/lingering.ts';
import { StopSignal } from './draining/stop-signal.ts';
import { Link } from './link.ts';
import { interceptListen } from './listening/listen.ts';
import { OneShotHooks } from './draining/one-shot-hooks.ts';
import { arrivedAt, deliverTo } from './migration/arrivals.ts';
import { DrainMoves, type DrainMovesParts } from './migration/drain-moves.ts';
import { EveryAnswer } from './migration/every-answer.ts';
import { Migration } from './migration/migration.ts';
import { pinAuthenticated } from './migration/pins.ts';
import { Shedding } from './migration/shedding.ts';
import { register } from './registry.ts';
import { Requests } from './draining/requests.ts';
import { sendRealHandles } from './listening/sent-servers.ts';
import { HealthAnswers } from './server/health-answers.ts';
import { ServerState } from './server/server-state.ts';
import { Servers } from './listening/servers.ts';
import { Status } from './status.ts';
import { ReadFairness } from './balancing/read-fairness.ts';
import { Vitals } from './vitals/vitals.ts';

// A thread of the worker finds no briefing: the main thread has taken it.
const given = cluster.isWorker ? takeBriefing() : undefined;
if (given !== undefined) start(given);

/** Makes the parts of a worker, each after those that it needs, and joins them. */
function start(briefing: WorkerBriefing): void {
  prepareProcess(briefing);
  const { balance } = briefing;
  const link = new Link();
  const stopSignal = new StopSignal(briefing.stopSignal, link);
  const words = new LastWords(link, briefing.reports, stopSignal.name);

  // What happens to connections here.
  const isEven = balance === 'auto' || balance === 'least-connections';
  const turns = isEven ? new ReadFairness() : undefined;
  const canMove = briefing.migrate !== 'off' && briefing.sharing !== 'round-robin';
  const lingering = new Lingering();
  const requests = new Requests(turns, canMove ? pinAuthenticated : undefined, lingering.closeAfterAnswer);
  const idle = new IdleConnections(requests);
  const servers = new Servers();
  const drainHooks = new OneShotHooks('onDrain');
  const isDraining = (): boolean => drainHooks.hasFired;

  const server = new ServerState(link);
  server.onStopping.add(() => requests.drainForGood());
  const health = briefing.healthPath === '' ? undefined : new HealthAnswers(briefing.healthPath, () => server.unready);

  // Connections between this worker and others, and what the row says of all.
  const isAtAccept = balance === 'least-connections' || balance === 'sticky-ip';
  const taker = (listener: number): SlotHandle | undefined => (isDraining() ? undefined : servers.taker(listener));
  const handoffs = isAtAccept || canMove ? new Handoffs({ link, taker, deliver: deliverTo(servers) }) : undefined;
  const undecided = handoffs && isAtAccept ? new Undecided(handoffs) : undefined;
  const proxyFilter = proxyFilterOf(briefing, link);
  const open = (): number =>
    servers.open() + (undecided?.count ?? 0) + (handoffs?.arriving ?? 0) + (proxyFilter?.pending ?? 0);
  const heat = new Heat();
  const handicap = (): number => heat.handicap;
  const connections = { open, accepted: () => servers.accepted() };
  const vitals = new Vitals({ ...briefing, connections, requests, handoffs, proxied: proxyFilter, handicap });
  handoffs?.whenChanged((what) => (what === 'moved' ? vitals.publishSoon() : vitals.publish()));

  // The worker's place, and its life there.
  const status = new Status(briefing, vitals, words, briefing.savesCompileCache ? saveCompileCache : undefined);
  const slot = (): number | undefined => status.slot;
  servers.whenAdded((one) => {
    requests.trackHttp2(one);
    requests.trackServed(one);
    idle.watch(one);
    health?.serve(one);
    status.ready();
  });
  link.on('promote', (promotion) => status.promote(promotion.slot));

  // The parts that move connections, and that decide where accepted ones are served.
  const look = lookerAt(briefing.board, () => vitals.flush());
  const mover = handoffs && canMove ? { handoffs, migration: new Migration({ servers, handoffs, slot }) } : undefined;
  const newMoves = (): DrainMoves | undefined => mover && drainMoves(mover, { balance, slot, look });
  const shedding = new Shedding({ requests, vitals, migration: mover?.migration, moves: newMoves() });
  link.on('shed', ({ successor }) => shedding.begin(successor));
  link.on('unshed', () => shedding.end());
  const unsettled = (): number =>
    (handoffs?.pending ?? 0) + (undecided?.count ?? 0) + (proxyFilter?.pending ?? 0) + lingering.count;
  const drain = new Drain({ hooks: drainHooks, servers, requests, idle, moves: newMoves(), shedding, unsettled });
  drainHooks.add(() => vitals.state('draining'));
  drainHooks.add(() => turns?.close());
  const isServing = (): boolean => !isDraining() && !status.isParked && !server.isStopping;
  const { board } = briefing;
  const shared = { board, slot, servers, vitals };
  const onSingleClient = (peer: string): void => void link.send({ type: 'singleClient', peer });
  const balancer =
    handoffs &&
    undecided &&
    Balancer.start(balance, {
      ...shared,
      seed: briefing.seed,
      handoffs,
      undecided,
      open,
      isDraining,
      handicap,
      onSingleClient,
    });
  if (mover && briefing.migrate === 'every-answer' && balance !== 'sticky-ip') {
    const { closedUntil } = mover.handoffs;
    new EveryAnswer({ migration: mover.migration, requests, closedUntil, slot, isServing, look }).begin();
  } else if (mover && isLevelled(balance, canMove)) {
    Leveller.start({ ...shared, ...mover, requests, heat, arrivedAt, isServing });
  }

  // The doors to Node, to the primary and to the application.
  interceptListen({
    link,
    servers,
    sharing: briefing.sharing,
    onAsked: () => status.standby(),
    onParked: (isParked) => status.parked(isParked),
    isLeaving: isDraining,
    interceptors: { steering: balancer, filter: proxyFilter },
  });
  const primaryDeath = new OneShotHooks('onPrimaryDeath');
  closeInspectorAfterHolds(link);
  leaveWhenTold({ link, drain, servers, vitals, stopSignal, briefing }, primaryDeath);
  // The program has had its first turn by then.
  setImmediate(() => link.send({ type: 'started' })).unref();
  primaryDeath.add(() => server.onStopping.fire());
  offer({ briefing, link, status, drainHooks, primaryDeath, server, requests });
}

/** What this file does to the process itself, before any part is made. */
function prepareProcess({ reports, hangStack }: WorkerBriefing): void {
  hideFlag();
  // This comes before the other parts: those that put a function before `process.send` later take it away again.
  sendRealHandles();
  inspectOnAnyPort();
  reportFatalErrors(reports);
  if (hangStack > 0 && reports !== '') watchForHangs(hangStack, reports);
  // A message to a primary that just died causes an error. The end of the channel comes next, and the worker acts on that.
  cluster.worker?.on('error', () => {});
}

/** Undefined where no proxy is trusted. The primary hears of the first bad header, and counts tell of all. */
function proxyFilterOf({ proxies }: WorkerBriefing, link: Link): ProxyFilter | undefined {
  if (proxies.length === 0) return undefined;
  let isTold = false;
  return new ProxyFilter(proxies, {
    refused: (why, peer = '') => {
      if (isTold) return;
      isTold = true;
      link.send({ type: 'proxyHeaderRefused', peer, why });
    },
  });
}

function drainMoves(
  { handoffs, migration }: { readonly handoffs: Handoffs; readonly migration: Migration },
  { balance, ...place }: { readonly balance: Balance } & Pick<DrainMovesParts, 'slot' | 'look'>,
): DrainMoves {
  const { closedUntil } = handoffs;
  return new DrainMoves({ migration, closedUntil, isSticky: balance === 'sticky-ip', ...place });
}

interface Offered {
  readonly briefing: WorkerBriefing;
  readonly link: Link;
  readonly status: Status;
  readonly drainHooks: OneShotHooks;
  readonly primaryDeath: OneShotHooks;
  readonly server: ServerState;
  readonly requests: Requests;
}

/** Makes the worker known to the application, for `prefork/worker`. */
function offer({ briefing, link, status, drainHooks, primaryDeath, server, requests }: Offered): void {
  const applicationMetrics = new ApplicationMetrics(link);
  const health = new Health(link, () => applicationMetrics.families(), requests.clients);
  let hasSaidReady = false;
  register({
    get slot() {
      return status.slot;
    },
    generation: briefing.generation,
    board: briefing.board,
    get isDraining() {
      return drainHooks.hasFired;
    },
    get isStopping() {
      return server.isStopping;
    },
    ready() {
      if (hasSaidReady) return;
      hasSaidReady = true;
      status.ready();
      link.send({ type: 'ready' });
    },
    metrics: (registry) => applicationMetrics.add(registry),
    health: (hook) => health.add(hook),
    ownMetrics: (registry) => applicationMetrics.addOwn(registry),
    onSlot: (hook) => status.onSlot.add(hook),
    onDrain: (hook) => drainHooks.add(hook),
    onStopping: (hook) => server.onStopping.add(hook),
    onPrimaryDeath: (hook) => primaryDeath.add(hook),
  });
}

/** @returns a function that looks at the scoreboard, after `tell`. The first look opens it. */
function lookerAt(board: string, tell: () => void): (now: number) => Slots | undefined {
  let view: LoadView | undefined;
  return (now) => {
    tell();
    view ??= new LoadView(board);
    return view.refresh(now) ? view : undefined;
  };
}

/** Takes the flag for this file out of `process.execArgv`: the application reads that, and processes that it forks inherit it. */
function hideFlag(): void {
  const at = process.execArgv.indexOf(fileURLToPath(import.meta.url));
  if (at > 0) process.execArgv.splice(at - 1, 2);
}
