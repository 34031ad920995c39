import type { Link } from '../link.ts';
import type { MetricsRegistry } from '../registry.ts';

/** The main file of prom-client, with any package manager and in any place. */
const PROM_CLIENT = /[\\/]prom-client[\\/]index\.js$/;

/**
 * Answers the primary's question for the application's own metrics. They come from the registries that the application gave,
 * or else from that of prom-client, if the application has loaded it. prefork never loads it.
 */
export class ApplicationMetrics {
  readonly #given = new Set<MetricsRegistry>();
  readonly #own = new Set<MetricsRegistry>();
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
    link.on('metrics', ({ request }) => void this.#answer(request));
  }

  add(registry: MetricsRegistry): void {
    this.#given.add(registry);
  }

  /** Adds a registry of prefork's own. Unlike those of `add`, it does not take the place of prom-client's. */
  addOwn(registry: MetricsRegistry): void {
    this.#own.add(registry);
  }

  /** Answers in any case: the primary waits for it. */
  async #answer(request: number): Promise<void> {
    this.#link.send({ type: 'metrics', request, families: await this.families() });
  }

  /** Returns the metrics of all registries. The promise does not reject. */
  async families(): Promise<readonly unknown[]> {
    const registries = this.#given.size > 0 ? [...this.#given] : loadedRegistries();
    const families = await Promise.all([...registries, ...this.#own].map(familiesOf));
    return families.flat();
  }
}

/** When a collector of the application's throws, only its own registry is missing. */
async function familiesOf(registry: MetricsRegistry): Promise<readonly unknown[]> {
  try {
    return await registry.getMetricsAsJSON();
  } catch {
    return [];
  }
}

/** The modules that were loaded, by file. */
type Loaded = Readonly<Record<string, { readonly exports?: { readonly register?: MetricsRegistry } } | undefined>>;

/** prom-client is CommonJS, so it is in this cache also when it was imported (Node 20 to 26). */
function loadedRegistries(): MetricsRegistry[] {
  const { createRequire } = process.getBuiltinModule('node:module');
  const cache: Loaded = createRequire(import.meta.url).cache;
  const registries = Object.keys(cache)
    .filter((file) => PROM_CLIENT.test(file))
    .map((file) => cache[file]?.exports?.register);
  return registries.filter((registry) => typeof registry?.getMetricsAsJSON === 'function') as MetricsRegistry[];
}
