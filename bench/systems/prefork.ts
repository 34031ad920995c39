import { existsSync } from 'node:fs';
import { run } from '../command.ts';
import { paths, preforkVersion } from '../paths.ts';
import { childrenOf } from '../processes.ts';
import { type Command, NODE_APPS, type Setting, type System } from '../system.ts';
import { canaryWatched } from './canary-watched.ts';
import { scraped } from './scraped.ts';

const command = (setting: Setting, ...args: string[]): Command => ({ argv: [setting.node, paths.prefork, ...args] });

let helpText: Promise<string> | undefined;

/** What this version of prefork can do it says itself. */
const help = (): Promise<string> => (helpText ??= run([paths.installed('node/bin/node'), paths.prefork, '--help']));

/** One mode of prefork. `needs` is what its help must say for it to be there. */
function mode(name: string, title: string, how: string, flags: readonly string[], needs: RegExp): System {
  return {
    name,
    title,
    how,
    apps: NODE_APPS,
    async unavailable() {
      if (!existsSync(paths.prefork)) return 'prefork is not built: npm run build';
      return needs.test(await help()) ? undefined : 'this prefork does not have it yet';
    },
    version: async () => preforkVersion,
    command: (setting) =>
      command(setting, '--workers', String(setting.workers), '--name', 'bench', ...flags, setting.entry),
    noReload: async () => (/^ {2}reload\b/m.test(await help()) ? undefined : 'this prefork has no reload yet'),
    async reload({ setting, run: beside }) {
      await beside(command(setting, 'reload', '--name', 'bench'));
    },
    workers: ({ supervisor }) => childrenOf(supervisor),
  };
}

const sharing = (value: string, how: string): System =>
  mode(`prefork-${value}`, `prefork, ${value}`, how, ['--sharing', value], /--sharing/);

const balance = (value: string, how: string): System =>
  mode(`prefork-${value}`, `prefork, ${value}`, how, ['--balance', value], new RegExp(`--balance\\b.*${value}`));

/** Without what `--balance auto` and `--migrate on` do. */
export const preforkKernel = balance('kernel', 'the same; connections stay unevenly spread, and move at reloads only');
export const preforkFixed = mode(
  'prefork-fixed',
  'prefork, --migrate off',
  'the same; no connection moves',
  ['--migrate', 'off'],
  /--migrate/,
);

/** While one of its workers is a canary that is compared with the others. */
export const preforkCanary: System = {
  ...mode('prefork-canary', 'prefork, a canary', 'the same; one worker is a canary, and watched', [], /--canary/),
  beside: canaryWatched,
};

/** With its defaults: on Linux with Node >= 22.12 that is reuseport. */
export const prefork = mode('prefork', 'prefork', 'the primary binds one reuseport socket per worker', [], /--workers/);

export const preforkModes: readonly System[] = [
  sharing('shared', 'one socket of the primary, all workers accept from it'),
  sharing('round-robin', "node:cluster's own"),
  balance('least-connections', 'the kernel spreads, workers hand off what is uneven'),
  balance('sticky-ip', 'the client address picks the worker'),
];

/** With all that looks inside turned on, and looked at. */
export const preforkAdmin: System = {
  ...mode(
    'prefork-admin',
    'prefork, --admin',
    'the same, its metrics scraped each second',
    ['--admin', '0'],
    /--admin/,
  ),
  beside: (running) => scraped(running, 1000),
};

/** prefork over its own HTTP server instead of node:http: the whole of what the original is. */
export const preforkHttp: System = {
  ...prefork,
  name: 'prefork-http',
  title: 'prefork, prefork/http',
  how: 'the same, over its own HTTP server',
  apps: ['hello', 'timer', 'json', 'post'],
  command: (setting) =>
    command(
      setting,
      ...['--workers', String(setting.workers), '--name', 'bench'],
      ...[paths.launcher('prefork-http.mjs'), setting.app],
    ),
};
