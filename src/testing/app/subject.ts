import { fail } from '../../options/check.ts';
import { UsageError } from '../../errors.ts';
import { App, type Exit } from './app.ts';
import { startServer } from './server.ts';
import { serverKeys, type ServerOptions } from './server-options.ts';

/** A server to start, or one that runs already and goes on running. */
export type Subject =
  | (ServerOptions & { readonly app?: undefined })
  | { readonly app: App; readonly entry?: undefined };

/**
 * What an assertion starts and stops; undefined where `app` is given.
 *
 * @throws UsageError for both at once, and for an `app` that is none.
 */
export function serverOf(options: Subject): ServerOptions | undefined {
  const { app } = options;
  const given = Object.entries(options).filter(([key, value]) => serverKeys.includes(key) && value !== undefined);
  if (app === undefined) return Object.fromEntries(given) as unknown as ServerOptions;
  if (!(app instanceof App)) fail('app', 'what startServer returned', app);
  if (given.length === 0) return undefined;
  throw new UsageError(`${given[0]![0]}: expected nothing beside app, which has been started already`);
}

/**
 * Starts the server, if that is to be done, and stops it after `test`.
 *
 * @param ended hears how, unless `test` threw.
 */
export async function withServer<Result>(
  options: Subject,
  server: ServerOptions | undefined,
  test: (app: App) => Promise<Result>,
  ended: (exit: Exit, app: App, result: Result) => void,
): Promise<Result> {
  if (server === undefined) return test(options.app!);
  const app = await startServer(server);
  try {
    const result = await test(app);
    ended(await app.stop(), app, result);
    return result;
  } finally {
    await app[Symbol.asyncDispose]();
  }
}

/** Whether the end was a good one. The exit code of a primary that came by an upgrade is unknown, but its last event is in the log. */
export function endedWell({ code, signal }: Exit, app: App): boolean {
  return code === 0 || (code === null && signal === null && app.log.at(-1)?.name === 'stopped');
}

/** What it threw, boxed as anything can be thrown. */
export async function failureOf(run: () => Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return { error };
  }
}
