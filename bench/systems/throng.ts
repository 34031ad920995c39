import { packageVersion } from '../command.ts';
import { paths } from '../paths.ts';
import { childrenOf } from '../processes.ts';
import { NODE_APPS, type System } from '../system.ts';

export const throng: System = {
  name: 'throng',
  title: 'throng',
  how: 'node:cluster, round-robin, with restarts',
  apps: NODE_APPS,
  unavailable: async () => undefined,
  version: async () => packageVersion(paths.installed('throng/package.json')),
  command: ({ node, entry, workers }) => ({ argv: [node, paths.launcher('throng.mjs'), String(workers), entry] }),
  noReload: async () => 'has no reload',
  workers: ({ supervisor }) => childrenOf(supervisor),
};
