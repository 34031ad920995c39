import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageVersion } from '../command.ts';
import { paths } from '../paths.ts';
import { childrenOf, tree } from '../processes.ts';
import { type Command, NODE_APPS, type Setting, type System } from '../system.ts';
import { until } from '../wait.ts';

const home = (setting: Setting): string => join(setting.directory, 'pm2');

const pm2 = (setting: Setting, ...args: string[]): Command => ({
  argv: [setting.node, paths.installed('pm2/bin/pm2'), ...args],
  environment: { PM2_HOME: home(setting) },
});

function daemonPid(setting: Setting): number | undefined {
  try {
    return Number(readFileSync(join(home(setting), 'pm2.pid'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** PM2 in cluster mode as its users start it, with a daemon and a home of its own, so that no other PM2 is touched. */
export const pm2System: System = {
  name: 'pm2',
  title: 'PM2, cluster mode',
  how: 'node:cluster, round-robin, in a daemon',
  apps: NODE_APPS,
  unavailable: async () => undefined,
  version: async () => packageVersion(paths.installed('pm2/package.json')),
  command: (setting) => pm2(setting, 'start', setting.entry, '--name', 'app', '--instances', String(setting.workers)),
  async daemon(setting) {
    await until(() => daemonPid(setting) !== undefined, 10_000, "PM2's daemon to write its pid");
    return daemonPid(setting)!;
  },
  startSeconds: 1.2,
  /** At once: `pm2 kill` and SIGTERM take two seconds, in which nothing is measured any more. */
  async stop({ supervisor }) {
    for (const { pid } of tree([supervisor])) process.kill(pid, 'SIGKILL');
  },
  noReload: async () => undefined,
  async reload({ setting, run }) {
    await run(pm2(setting, 'reload', 'app'));
  },
  workers: ({ supervisor }) => childrenOf(supervisor),
};
