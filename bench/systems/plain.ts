import { run } from '../command.ts';
import { paths } from '../paths.ts';
import { NODE_APPS, type System } from '../system.ts';

/** One process, `node entry`: what all ratios are made to. */
export const plain: System = {
  name: 'plain',
  title: 'one node process',
  how: 'one process, one core',
  apps: NODE_APPS,
  unavailable: async () => undefined,
  version: () => run([paths.installed('node/bin/node'), '--version']),
  command: ({ node, entry }) => ({ argv: [node, entry] }),
  noReload: async () => 'a restart of the only process is an outage',
  noKill: 'nothing starts it again',
};
