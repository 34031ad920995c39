/**
 * Node loads this file into every worker before the application (`node --require`). In any other process, such as one that the
 * application starts with the same flags, it does nothing.
 */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { takeContext, type WorkerContext } from '../ipc/context.ts';
import type { Slots } from '../balance/slots.ts';
import { LoadView } from '../scoreboard/load-view.ts';
import { ApplicationMetrics } from './vitals/application-metrics.ts';
import { isLevelled } from '../balance/mode.ts';
import { Balancer } from './balancing/balancer.ts';
import { Leveller } from './balancing/leveller.ts';
import { Drain } from './draining/drain.ts';
import { Handoffs } from './balancing/handoffs.ts';
import { watchForHangs } from './vitals/hang-watch.ts';
import { IdleConnections } from './draining/idle-connections.ts';
import { reportFatalErrors } from './last-words/fatal-report.ts';
import { inspectOnAnyPort } from './vitals/inspector.ts';
import { LastWords } from './last-words/last-words.ts';
import { leaveWhenTold } from './draining/leaving.ts';
import { StopSignal } from './draining/stop-signal.ts';
import { Link } from './link.ts';
import { interceptListen } from './listening/listen.ts';
import { OneShotHooks } from './draining/one-shot-hooks.ts';
import { arrivedAt, deliverTo } from './migration/arrivals.ts';
import { DrainMoves } from './migration/drain-moves.ts';
import { EveryAnswer } from './migration/every-answer.ts';
import { Migration } from './migration/migration.ts';
import { pinAuthenticated } from './migration/pins.ts';
import { register } from './registry.ts';
import { Requests } from './draining/requests.ts';
import { sendRealHandles } from './listening/sent-servers.ts';
import { Servers } from './listening/servers.ts';
import { Status } from './status.ts';
import { ReadFairness } from './balancing/read-fairness.ts';
import { Vitals } from './vitals/vitals.ts';

// A thread of the worker finds no context: the main thread has taken it.
const given = cluster.isWorker ? takeContext() : undefined;
if (given !== undefined) start(given);

function start(context: WorkerContext): void {
  hideFlag();
  // This comes first: parts that put a function before `process.send` later take it away again.
  sendRealHandles();
  inspectOnAnyPort();
  reportFatalErrors(context.reports);
  if (context.hangStack > 0 && context.reports !== '') watchForHangs(context.hangStack, context.reports);
  // A message to a primary that just died causes an error. The end of the channel comes next, and the worker acts on that.
  cluster.worker?.on('error', () => {});
  const link = new Link();
  const stopSignal = new StopSignal(context.stopSignal, link);
  const words = new LastWords(link, context.reports, stopSignal.name);
  const { balance } = context;
  const isEven = balance === 'auto' || balance === 'least-connections';
  const turns = isEven ? new ReadFairness() : undefined;
  const canMove = context.migrate !== 'off' && context.sharing !== 'round-robin';
  const requests = new Requests(turns, canMove ? pinAuthenticated : undefined);
  const idle = new IdleConnections(requests);
  const servers = new Servers();
  const drainHooks = new OneShotHooks('onDrain');
  const isAtAccept = balance === 'least-connections' || balance === 'sticky-ip';
  let balancer: Balancer | undefined;
  let leveller: Leveller | undefined;
  const handicap = (): number => leveller?.handicap ?? 0;
  const isDraining = (): boolean => drainHooks.hasFired;
  const connections = {
    open: () => servers.open() + (balancer?.waiting ?? 0) + (handoffs?.arriving ?? 0),
    accepted: () => servers.accepted(),
  };
  const handoffs =
    !isAtAccept && !canMove
      ? undefined
      : new Handoffs({
          link,
          taker: (listener) => (isDraining() ? undefined : servers.taker(listener)),
          deliver: deliverTo(servers),
        });
  const vitals = new Vitals({ ...context, connections, requests, handoffs, handicap });
  handoffs?.whenChanged(() => vitals.publish());
  const status = new Status(context, vitals, words);
  servers.whenAdded((server) => {
    requests.trackHttp2(server);
    requests.trackServed(server);
    idle.watch(server);
    status.ready();
  });
  const migration = handoffs && canMove ? new Migration({ servers, handoffs, slot: () => status.slot }) : undefined;
  const moves =
    handoffs && migration
      ? new DrainMoves({
          migration,
          closedUntil: handoffs.closedUntil,
          slot: () => status.slot,
          isSticky: balance === 'sticky-ip',
          look: lookerAt(context.board),
        })
      : undefined;
  const drain = new Drain({
    hooks: drainHooks,
    servers,
    requests,
    idle,
    moves,
    unsettled: () => (handoffs?.pending ?? 0) + (balancer?.waiting ?? 0),
  });
  const applicationMetrics = new ApplicationMetrics(link);
  const primaryDeath = new OneShotHooks('onPrimaryDeath');

  drainHooks.add(() => vitals.state('draining'));
  drainHooks.add(() => turns?.close());
  const place = { board: context.board, slot: () => status.slot };
  const { open } = connections;
  balancer =
    handoffs && isAtAccept
      ? Balancer.start(balance, { ...place, handoffs, servers, open, vitals, isDraining, handicap })
      : undefined;
  const isServing = (): boolean => !isDraining() && !status.isParked;
  if (handoffs && migration && context.migrate === 'every-answer' && balance !== 'sticky-ip') {
    const { closedUntil } = handoffs;
    const look = lookerAt(context.board);
    new EveryAnswer({ migration, requests, closedUntil, slot: () => status.slot, isServing, look }).begin();
  } else if (handoffs && migration && isLevelled(balance, canMove)) {
    leveller = Leveller.start({ ...place, migration, handoffs, servers, requests, vitals, arrivedAt, isServing });
  }
  interceptListen({
    link,
    servers,
    sharing: context.sharing,
    onAsked: () => status.standby(),
    onParked: (isParked) => status.parked(isParked),
    isLeaving: isDraining,
    steering: balancer,
  });
  link.on('promote', ({ slot }) => status.promote(slot));
  leaveWhenTold({ link, drain, servers, vitals, stopSignal, context }, primaryDeath);

  // The program has had its first turn by then.
  setImmediate(() => link.send({ type: 'started' })).unref();
  let hasSaidReady = false;
  register({
    get slot() {
      return status.slot;
    },
    generation: context.generation,
    board: context.board,
    get isDraining() {
      return isDraining();
    },
    ready() {
      if (hasSaidReady) return;
      hasSaidReady = true;
      status.ready();
      link.send({ type: 'ready' });
    },
    metrics: (registry) => applicationMetrics.add(registry),
    ownMetrics: (registry) => applicationMetrics.addOwn(registry),
    onSlot: (hook) => status.onSlot.add(hook),
    onDrain: (hook) => drainHooks.add(hook),
    onPrimaryDeath: (hook) => primaryDeath.add(hook),
  });
}

/** @returns a function that looks at the scoreboard. The first look opens it. */
function lookerAt(board: string): (now: number) => Slots | undefined {
  let view: LoadView | undefined;
  return (now) => {
    try {
      view ??= LoadView.open(board);
      return view.refresh(now) ? view : undefined;
    } catch {
      return undefined;
    }
  };
}

/** Takes the flag for this file out of `process.execArgv`: the application reads that, and processes that it forks inherit it. */
function hideFlag(): void {
  const at = process.execArgv.indexOf(fileURLToPath(import.meta.url));
  if (at > 0) process.execArgv.splice(at - 1, 2);
}
