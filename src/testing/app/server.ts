import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkKeys } from '../../options/check.ts';
import { App } from './app.ts';
import { checkServer, serverKeys, type ServerOptions, type ServerSettings } from './server-options.ts';
import { messageOf } from '../../contract/message-of.ts';

/** The built command, as it is installed. */
const command = fileURLToPath(new URL('../../cli.cjs', import.meta.url));

/**
 * Starts the `prefork` command, and waits until every worker serves.
 *
 * @throws PreforkError `ERR_PREFORK_USAGE` for options that cannot be used; an Error with the server's output when it ends,
 *   or does not serve in time.
 *
 * @example
 * const app = await startServer({ entry: 'server.js', options: ['--workers', '2'] });
 * const response = await fetch(`http://${app.address}/`);
 * await app.reload();
 * await app.stop();
 */
export async function startServer(options: ServerOptions): Promise<App> {
  checkKeys('', Object.keys(options), serverKeys);
  const settings = checkServer(options);
  const app = await start(settings);
  try {
    await app.event('ready', { within: settings.readyTimeout });
    return app;
  } catch (error) {
    await app[Symbol.asyncDispose]();
    const message = `${messageOf(error)}\n${app.stderr.trimEnd() || '(it wrote nothing to stderr)'}`;
    throw new Error(message, { cause: error });
  }
}

async function start(settings: ServerSettings): Promise<App> {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-'));
  const child = spawnCommand(settings, directory);
  try {
    await once(child, 'spawn');
    return new App(child, directory);
  } catch (error) {
    rmSync(directory, { recursive: true });
    throw error;
  }
}

function spawnCommand(settings: ServerSettings, runtimeDirectory: string): ChildProcess {
  const { node, options, entry, args, cwd } = settings;
  // The last of two equal flags counts, and the log has to be JSON here.
  return spawn(node, [command, ...options, '--log-format', 'json', '--', entry, ...args], {
    cwd,
    env: environment(settings, runtimeDirectory),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/**
 * Matches variables that are not passed on. prefork's variables are the user's own settings, except where this process
 * is a worker itself.
 */
const notInherited = /^(?:NODE_TEST_CONTEXT|PREFORK_(?:CHILD|SLOT|GENERATION))$/;

function environment({ env }: ServerSettings, runtimeDirectory: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !notInherited.test(name));
  return { ...Object.fromEntries(inherited), PORT: '0', ...env, PREFORK_RUNTIME_DIR: runtimeDirectory };
}
