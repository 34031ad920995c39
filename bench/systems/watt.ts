import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageVersion } from '../command.ts';
import { paths } from '../paths.ts';
import { type Command, NODE_APPS, type Setting, type System } from '../system.ts';

const project = (setting: Setting): string => join(setting.directory, 'project');

const wattpm = (setting: Setting, ...args: string[]): Command => ({
  argv: [setting.node, paths.installed('wattpm/bin/cli.js'), ...args],
  directory: project(setting),
});

/**
 * Watt in production mode with what serving does not need turned off: metrics, probes, information in the log. Its
 * project has to be a directory with a package.json and its modules beside it.
 */
export const watt: System = {
  name: 'watt',
  title: 'Watt',
  how: 'threads, one reuseport socket each',
  apps: NODE_APPS,
  unavailable: async () => undefined,
  version: async () => packageVersion(paths.installed('wattpm/package.json')),
  async prepare(setting) {
    const directory = project(setting);
    await mkdir(directory);
    await symlink(paths.installed(''), join(setting.directory, 'node_modules'));
    await symlink(dirname(setting.entry), join(directory, 'apps'));
    const write = (file: string, content: unknown): Promise<void> =>
      writeFile(join(directory, file), JSON.stringify(content));
    await write('package.json', { name: 'app', type: 'module', dependencies: { '@platformatic/node': '*' } });
    // Exported like this, Watt finds the application's `close`, which it asks for.
    await writeFile(join(directory, 'index.mjs'), `export * from './apps/${setting.app}.mjs';\n`);
    await write('watt.json', {
      $schema: `https://schemas.platformatic.dev/@platformatic/node/${await watt.version()}.json`,
      node: { main: 'index.mjs' },
      runtime: {
        workers: setting.workers,
        server: { hostname: '127.0.0.1', port: setting.port },
        metrics: false,
        healthProbes: false,
        logger: { level: 'warn' },
      },
    });
  },
  startSeconds: 2.8,
  command: (setting) => wattpm(setting, 'start'),
  noReload: async () => undefined,
  async reload({ setting, supervisor, run }) {
    await run(wattpm(setting, 'restart', String(supervisor)));
  },
  noKill: 'its workers are threads: a kill ends the whole server, and nothing starts it again',
};
