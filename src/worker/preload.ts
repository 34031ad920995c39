/**
 * Loaded into every worker before the application (`node --require`). In any other process, such as one that the
 * application starts with the same flags, it does nothing.
 */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { takeContext, type WorkerContext } from '../ipc/context.ts';
import { drain } from './drain.ts';
import { Link } from './link.ts';
import { interceptListen } from './listen.ts';
import { onDisconnected } from './orphan.ts';
import { register } from './registry.ts';
import { Requests } from './requests.ts';
import { Servers } from './servers.ts';
import { Vitals } from './vitals.ts';

const context = isMainThread && cluster.isWorker ? takeContext() : undefined;
if (context !== undefined) start(context);

/**
 * Ctrl-C at a terminal reaches every process of the foreground, workers too. What it means is the primary's to say, so a
 * worker goes on; handlers of the application's own run as ever.
 */
function leaveInterruptsToThePrimary(): void {
  process.on('SIGINT', () => {});
}

function start({ slot, generation, sharing, board, row, gracePeriod }: WorkerContext): void {
  hideFlag();
  leaveInterruptsToThePrimary();
  // A message to a primary that just died; the channel's end comes next, and is what counts.
  cluster.worker?.on('error', () => {});
  const link = new Link();
  const requests = new Requests();
  const servers = new Servers((server) => {
    requests.trackHttp2(server);
    vitals.state('ready');
  });
  const vitals = new Vitals({ board, row, slot, generation, connections: servers, requests });
  const hooks: Array<() => void | Promise<void>> = [];

  interceptListen(link, servers, sharing);

  link.on('drain', ({ idle }) => {
    liveUntilTheSignal(link);
    vitals.state('draining');
    void drain(servers, requests, idle).then(() => link.send({ type: 'drained' }));
  });
  onDisconnected(async (isOrphan) => {
    if (!isOrphan) return drain(servers, requests, gracePeriod / 2);
    await runAll(hooks);
    const paths = servers.socketFiles();
    await drain(servers, requests, gracePeriod / 2);
    for (const remove of paths) remove();
    vitals.close({ removeBoard: true });
  }, gracePeriod);

  let isReady = false;
  register({
    slot,
    generation,
    ready() {
      if (isReady) return;
      isReady = true;
      vitals.state('ready');
      link.send({ type: 'ready' });
    },
    onPrimaryDeath: (hook) => void hooks.push(hook),
  });
}

/**
 * When all connections are gone nothing may be left that keeps this process alive, and it would end before the primary's
 * SIGTERM, for which the application has its handlers. Those run then; without any, the signal does what it always does.
 */
function liveUntilTheSignal(link: Link): void {
  link.hold();
  process.prependOnceListener('SIGTERM', () => {
    if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
    link.letGo();
  });
}

/** `process.execArgv` is what the application was given, and what processes that it forks inherit. */
function hideFlag(): void {
  const at = process.execArgv.indexOf(fileURLToPath(import.meta.url));
  if (at > 0) process.execArgv.splice(at - 1, 2);
}

/** A hook that throws must not keep the others, or the drain, from running. */
async function runAll(hooks: ReadonlyArray<() => void | Promise<void>>): Promise<void> {
  for (const hook of hooks) {
    try {
      await hook();
    } catch (error) {
      console.error('prefork: onPrimaryDeath failed:', error);
    }
  }
}
