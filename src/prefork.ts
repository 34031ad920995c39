import type http from 'node:http';
import { Server as NetServer } from 'node:net';
import { relative } from 'node:path';
import type { GivenToken } from './primary/endpoints/admin-token.ts';
import { PreforkError } from './errors.ts';
import { parseAddress } from './listeners/address.ts';
import { nameOfDirectory, readLaunch, resolveSettings, type Launch, type LaunchTerms } from './options/index.ts';
import type { LibraryOptions, Options } from './options/index.ts';
import type { TlsFiles, TlsMaterial } from './tls.ts';
import { fetchListener, isFetchHandler, type FetchHandler } from './fetch-handler.ts';
import { ownNodeFlags } from './upgrade/next-node.ts';
import { isChild, worker } from './worker.ts';

/** The application: any `net.Server` (http, https, http2, tls, net), a request listener, or a fetch handler. */
export type Servable = NetServer | http.RequestListener | FetchHandler;

/** The options of the library: those of the command, in camelCase, and hooks. */
export type PreforkOptions = Options & LibraryOptions;

/**
 * Runs a server as several processes that share its address.
 *
 * The same program runs in every process. In the primary `listenAndServe` supervises, and in a worker it serves. Each
 * worker has its own memory.
 *
 * @example
 * const server = createServer((request, response) => response.end('Hello'));
 * await new Prefork(server, { workers: 4 }).listenAndServe(':8080');
 */
export class Prefork {
  readonly #servable: Servable;
  readonly #options: PreforkOptions;

  constructor(servable: Servable, options: PreforkOptions = {}) {
    this.#servable = servable;
    this.#options = options;
  }

  /**
   * Serves an address.
   *
   * @param address `':8080'`, `8080`, `'host:port'`, `'[::1]:port'` or `'unix:/path'`; port 0 is a free one.
   * @returns in the primary, a promise that settles when the server has stopped; in a worker, one that settles when
   *   its server is closed.
   * @throws PreforkError in the primary, with a `code`: `ERR_BOOT_FAILED`, `ERR_OVER_RECOVERY`, `ERR_HOOK_FAILED`...
   */
  async listenAndServe(address: string | number): Promise<void> {
    const target = parseAddress(address, this.#options.network);
    await this.#run(async () => serve(await toServer(this.#servable), target, this.#options.backlog));
  }

  /**
   * Serves over TLS, with certificate and key from files (PEM). Each worker reads them as it starts, so a new worker
   * has the new certificate.
   *
   * @throws Error with code `ENOENT` and the like when a file cannot be read, in the primary, before anything starts.
   */
  async listenAndServeTLS(address: string | number, files: TlsFiles): Promise<void> {
    const { readTlsFiles } = await import('./tls.ts');
    await this.listenAndServeTLSEmbed(address, await readTlsFiles(files));
  }

  /** Serves over TLS, with certificate and key from memory (PEM). */
  async listenAndServeTLSEmbed(address: string | number, material: TlsMaterial): Promise<void> {
    const target = parseAddress(address, this.#options.network);
    const { secure } = await import('./tls.ts');
    await this.#run(async () => serve(secure(await toServer(this.#servable), material), target, this.#options.backlog));
  }

  async #run(main: () => Promise<void>): Promise<void> {
    await prefork(main, this.#options);
  }
}

/**
 * Runs `main` in every worker, and supervises the workers in the primary.
 *
 * @param main listens, or calls `worker.ready()` when it is ready to work without listening.
 * @returns a promise that settles when everything has stopped in the primary, or when `main` settles in a worker.
 */
export async function prefork(main: () => void | Promise<void>, options: PreforkOptions = {}): Promise<void> {
  if (isChild()) {
    if (options.onPrimaryDeath !== undefined) worker.onPrimaryDeath(options.onPrimaryDeath);
    await main();
    return;
  }
  const entry = process.argv[1];
  if (entry === undefined) {
    throw new PreforkError(
      'ERR_PREFORK_USAGE',
      'workers run the program again, so it has to be a file: node server.js',
    );
  }
  const cwd = process.cwd();
  const home = { named: nameOfDirectory(cwd, process.env['PWD']), real: cwd };
  const given = relative(cwd, entry);
  const terms: LaunchTerms = {
    options,
    home: home.named,
    // Node has resolved it in the directory, which may be another release's by the next generation.
    entry: given.startsWith('..') ? entry : given,
    args: process.argv.slice(2),
    execArgv: ownNodeFlags(),
  };
  const settings = resolveSettings({ options, env: process.env, entry });
  // Workers load this module too, and do not need these.
  const [{ runPrimary }, { takeAdminToken }, { leaveRoot }, { readForRoot }] = await Promise.all([
    import('./primary/run.ts'),
    import('./primary/endpoints/admin-token.ts'),
    import('./privileges/leave-root.ts'),
    import('./privileges/read-for-root.ts'),
  ]);
  let token: GivenToken | undefined;
  const takeToken = (): void => {
    token ??= takeAdminToken(process.env, settings.adminTokenFile);
  };
  const binder = await leaveRoot(settings, (mayRead) => {
    // Every other token file is read later, as the user.
    if (settings.adminTokenFile === undefined || mayRead(settings.adminTokenFile)) takeToken();
  });
  takeToken();
  const { refuseVariablesOfOthers } = await import('./privileges/read-again.ts');
  const read = (): Launch => readLaunch(terms, undefined, readForRoot);
  await runPrimary(read(), options, {
    binder,
    token,
    renewal: {
      home,
      read: async (before) => refuseVariablesOfOthers(read(), before),
      follow: (before) => refuseVariablesOfOthers(read(), before),
    },
  });
}

async function toServer(servable: Servable): Promise<NetServer> {
  if (servable instanceof NetServer) return servable;
  if (typeof servable === 'function') return createHttpServer(servable);
  if (isFetchHandler(servable)) return createHttpServer(await fetchListener(servable));
  throw new PreforkError(
    'ERR_PREFORK_USAGE',
    'expected a net.Server, a request listener (request, response) => ..., or a fetch handler { fetch(request) }',
  );
}

/**
 * Creates the server without an import, because an ES module's namespace of node:http costs 14 MB and 19 ms. A worker
 * whose application brings a server of its own does not load it here.
 */
function createHttpServer(listener: http.RequestListener): http.Server {
  return process.getBuiltinModule('node:http').createServer(listener);
}

/**
 * Listens. The promise settles when the server is closed, as Go's `ListenAndServe` returns when it no longer serves.
 */
function serve(server: NetServer, target: object, backlog: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('close', resolve);
    server.listen({ ...target, backlog }, () => server.off('error', reject));
  });
}
