import { run } from '../command.ts';
import { paths } from '../paths.ts';
import { childrenOf } from '../processes.ts';
import { NODE_APPS, type Running, type System } from '../system.ts';
import { until } from '../wait.ts';

const scheduled = (scheduling: 'round-robin' | 'shared', name: string, how: string): System => ({
  name,
  title: `node:cluster, ${scheduling}`,
  how,
  apps: NODE_APPS,
  unavailable: async () => undefined,
  version: () => run([paths.installed('node/bin/node'), '--version']),
  command: ({ node, entry, workers }) => ({
    argv: [node, paths.launcher('cluster.mjs'), String(workers), scheduling, entry],
  }),
  noReload: async () => undefined,
  async reload(running: Running) {
    const before = count(running);
    process.kill(running.supervisor, 'SIGHUP');
    await until(() => count(running) > before, 90_000, 'the script to say that it has reloaded');
  },
  workers: ({ supervisor }) => childrenOf(supervisor),
});

const count = (running: Running): number => running.log().split('reloaded').length;

/** The name `cluster` is its default scheduling, the second of the two that ratios are made to. */
export const cluster = scheduled(
  'round-robin',
  'cluster',
  'the primary accepts, and sends each connection to a worker',
);
export const clusterShared = scheduled('shared', 'cluster-shared', 'one socket, all workers accept from it');
