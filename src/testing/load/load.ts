import { checkKeys, fail } from '../../options/check.ts';
import { Changes } from '../app/changes.ts';
import { Client, jobsOf } from './client.ts';
import { checkLoad, loadKeys, type LoadOptions, type LoadSettings } from './load-options.ts';
import { Period } from './period.ts';
import { Recorder, type LoadReport } from './recorder.ts';
import { isTarget, type Target } from './target.ts';
import type { Style } from './ways/way.ts';
import { waysTo } from './ways/ways.ts';

/**
 * Keeps a server busy, and counts the outcome of each request.
 *
 * @param target the server's address: `app.target`, or anything that `http.request` takes.
 * @throws PreforkError `ERR_PREFORK_USAGE` for options that cannot be used.
 *
 * @example
 * const load = startLoad({ host: '127.0.0.1', port: 8080 }, { clients: 8, connections: 'kept' });
 * await load.everyClientAnswered();
 * const { answered, lost } = await load.stop();
 */
export function startLoad(target: Target, options: LoadOptions = {}): Load {
  checkKeys('', Object.keys(options), loadKeys);
  if (!isTarget(target)) fail('target', '{ host, port } or { socketPath }, such as app.target', target);
  return new Load(target, checkLoad(options));
}

/**
 * Clients that keep a server busy. Each sends its next request when it has the answer to its last. The load owns the
 * connections.
 */
export class Load implements AsyncDisposable {
  readonly #clients: readonly Client[];
  readonly #recorder: Recorder;
  readonly #settings: LoadSettings;
  readonly #changes = new Changes();
  readonly #period = new Period();
  readonly #done: Promise<unknown>;

  /**
   * Starts the clients.
   *
   * @internal `startLoad` checks the arguments.
   */
  constructor(target: Target, settings: LoadSettings) {
    this.#settings = settings;
    this.#recorder = new Recorder(settings.clients, kindsOf(settings));
    this.#clients = clientsOf(target, settings, this.#recorder);
    this.#done = Promise.all(this.#clients.map((client) => client.run(this.#period, this.#answered)));
    // A check threw something odd, or this kit has an error. `stop` reports it.
    this.#done.catch((error: unknown) => this.#changes.over(String(error)));
  }

  /**
   * Waits until each client has had the answer to a request that it sends from now on. The promise rejects when a
   * client has had none for twice the timeout.
   */
  async everyClientAnswered(): Promise<void> {
    const waiting = new Map(this.#clients.map((client, index) => [index, client.sent]));
    const isAnswered = (index: number, sent: number): boolean => this.#clients[index]!.lastAnswered > sent;
    const look = (): true | undefined => {
      for (const [index, sent] of waiting) if (isAnswered(index, sent)) waiting.delete(index);
      return waiting.size === 0 || undefined;
    };
    const what = (): string => `an answer for each client, of which ${waiting.size} had none`;
    await this.#changes.until(look, what, this.#settings.timeout * 2 + this.#settings.pause);
  }

  /** Waits until this many requests have been answered since the load began. */
  async answers(count: number, { within = 600_000 }: { readonly within?: number } = {}): Promise<void> {
    const answered = (): number => this.#recorder.answered;
    const what = (): string => `${count} answers, of which ${answered()} came`;
    await this.#changes.until(() => answered() >= count || undefined, what, within);
  }

  /** Returns the report so far. */
  report(): LoadReport {
    return this.#recorder.report();
  }

  /** Sends nothing more, waits for requests in flight, and returns the report. */
  async stop(): Promise<LoadReport> {
    this.#recorder.stop();
    this.#period.end();
    await this.#done;
    this.#changes.over('the load was stopped');
    return this.report();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  readonly #answered = (): void => this.#changes.changed();
}

/** Chooses the styles. Half of the clients do the one, half the other; a single client keeps its connection. */
function stylesOf({ clients, connections }: LoadSettings): readonly Style[] {
  if (connections !== 'mixed') return [connections];
  return clients === 1 ? ['kept'] : ['kept', 'new'];
}

function kindsOf(settings: LoadSettings): string[] {
  return stylesOf(settings).flatMap((style) => jobsOf(settings.requests, style).map(({ kind }) => kind));
}

function clientsOf(target: Target, settings: LoadSettings, recorder: Recorder): Client[] {
  const { clients, protocol, tls, timeout, requests, pause } = settings;
  const next = waysTo({ target, tls, timeout }, protocol, recorder);
  const styles = stylesOf(settings);
  return Array.from({ length: clients }, (_, index) => {
    const style = styles[index % styles.length]!;
    // The clients of a style start with different requests.
    const first = Math.floor(index / styles.length);
    return new Client(next(style), jobsOf(requests, style), first, recorder, pause);
  });
}
