/**
 * node:cluster as its documentation shows it, with what people add: a worker that ends is replaced, SIGTERM ends all,
 * and SIGHUP is the rolling reload of that documentation: fork the new worker, when it listens `disconnect()` the old
 * one, and after two seconds `kill()` it, for `disconnect()` waits as long as a client keeps a connection busy.
 *
 *   node cluster.mjs <workers> <round-robin|shared> <entry>
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';

const [workers, scheduling, entry] = process.argv.slice(2);
let reloading = Promise.resolve();

async function reload() {
  for (const old of Object.values(cluster.workers)) {
    await once(cluster.fork(), 'listening');
    const timeout = setTimeout(() => old.kill(), 2000);
    old.disconnect();
    await once(old, 'exit');
    clearTimeout(timeout);
  }
  console.log('reloaded');
}

if (cluster.isWorker) {
  await import(pathToFileURL(entry));
} else {
  cluster.schedulingPolicy = scheduling === 'shared' ? cluster.SCHED_NONE : cluster.SCHED_RR;
  for (let i = 0; i < Number(workers); i++) cluster.fork();
  cluster.on('exit', (worker) => worker.exitedAfterDisconnect || cluster.fork());
  process.on('SIGHUP', () => (reloading = reloading.then(reload)));
  process.on('SIGTERM', () => {
    cluster.removeAllListeners('exit');
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
  });
}
