import { checkKeys, fail } from '../options/check.ts';
import { Changes } from './changes.ts';
import { Client, jobsOf } from './client.ts';
import { checkLoad, loadKeys, type LoadOptions, type LoadSettings } from './load-options.ts';
import { Recorder, type LoadReport } from './recorder.ts';
import type { ConnectionEvents, Route } from './route.ts';
import { isTarget, type Target } from './target.ts';
import { KeptConnection, KeptSession, NewConnection, NewSession, SharedSession, type Way } from './way.ts';

/** Streams of one session, as browsers and gRPC clients have them. */
const CLIENTS_PER_SESSION = 8;

/**
 * Keeps a server busy, and counts what comes of each request.
 *
 * @param target where it listens: `app.target`, or anything that `http.request` takes.
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

/** Clients that keep a server busy, each sending its next request when it has the answer to its last. Owns connections. */
export class Load implements AsyncDisposable {
  readonly #clients: readonly Client[];
  readonly #recorder: Recorder;
  readonly #settings: LoadSettings;
  readonly #changes = new Changes();
  readonly #over = new AbortController();
  readonly #done: Promise<unknown>;

  /** @internal `startLoad` checks what this takes. */
  constructor(target: Target, settings: LoadSettings) {
    this.#settings = settings;
    const { clients, requests, connections } = settings;
    const styles = connections === 'mixed' ? (['kept', 'new'] as const) : ([connections] as const);
    const jobs = styles.map((style) => jobsOf(requests, style));
    const used = clients === 1 ? jobs.slice(0, 1) : jobs;
    this.#recorder = new Recorder(
      clients,
      used.flatMap((some) => some.map(({ kind }) => kind)),
    );
    const ways = new Ways({ target, tls: settings.tls, timeout: settings.timeout }, settings.protocol, this.#recorder);
    this.#clients = Array.from({ length: clients }, (_, index) => {
      const turn = index % styles.length;
      const first = Math.floor(index / styles.length);
      return new Client(ways.next(styles[turn]!), jobs[turn]!, first, this.#recorder, settings.pause);
    });
    this.#done = Promise.all(this.#clients.map((client) => client.run(this.#over.signal, this.#answered)));
    // A check that throws something odd, or a fault of the kit: `stop` tells.
    this.#done.catch((error: unknown) => this.#changes.over(String(error)));
  }

  /**
   * Settles when each client has had the answer to a request that it sends from now on; rejects when one has had none for
   * twice the timeout.
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

  /** Settles when so many requests have been answered since the load began. */
  async answers(count: number, { within = 600_000 }: { readonly within?: number } = {}): Promise<void> {
    const answered = (): number => this.#recorder.answered;
    const what = (): string => `${count} answers, of which ${answered()} came`;
    await this.#changes.until(() => answered() >= count || undefined, what, within);
  }

  /** So far. */
  report(): LoadReport {
    return this.#recorder.report();
  }

  /** Sends nothing more, waits for what is in flight, and tells what came of all. */
  async stop(): Promise<LoadReport> {
    this.#recorder.stop();
    this.#over.abort();
    await this.#done;
    this.#changes.over('the load was stopped');
    return this.report();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  readonly #answered = (): void => this.#changes.changed();
}

/** Gives each client its way to the server. */
class Ways {
  readonly #route: Route;
  readonly #protocol: 'http1' | 'http2';
  readonly #events: ConnectionEvents;
  #session: SharedSession | undefined;
  #sharing = 0;

  constructor(route: Route, protocol: 'http1' | 'http2', events: ConnectionEvents) {
    this.#route = route;
    this.#protocol = protocol;
    this.#events = events;
  }

  next(style: 'kept' | 'new'): Way {
    const [route, events] = [this.#route, this.#events];
    if (this.#protocol === 'http1') {
      return style === 'kept' ? new KeptConnection(route, events) : new NewConnection(route, events);
    }
    if (style === 'new') return new NewSession(route, events);
    if (this.#sharing++ % CLIENTS_PER_SESSION === 0) this.#session = new SharedSession(route, events);
    return new KeptSession(route, events, this.#session!);
  }
}
