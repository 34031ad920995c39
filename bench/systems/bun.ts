import { run, which } from '../command.ts';
import { paths } from '../paths.ts';
import type { System } from '../system.ts';

export const bun: System = {
  name: 'bun',
  title: 'Bun, reusePort',
  how: 'processes that all bind with reuseport',
  apps: ['hello', 'timer', 'json', 'post'],
  unavailable: async () => (which('bun') === undefined ? 'bun is not on this machine' : undefined),
  version: () => run(['bun', '--version']),
  command: ({ app, workers }) => ({ argv: [which('bun')!, paths.launcher('bun.mjs'), String(workers), app] }),
  noReload: async () => 'has no reload',
  noKill: 'nothing starts its processes again',
};
