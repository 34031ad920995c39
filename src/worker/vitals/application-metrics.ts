import type { Link } from '../link.ts';
import type { MetricsRegistry } from '../registry.ts';

/** The main file of prom-client, wherever and under whatever package manager it is installed. */
const PROM_CLIENT = /[\\/]prom-client[\\/]index\.js$/;

/**
 * Answers the primary's question for the application's own metrics: the registries that it gave us, or else those of
 * prom-client, if the application has loaded it. We never load it.
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

  /** Of prefork's: they do not say which are the application's. */
  addOwn(registry: MetricsRegistry): void {
    this.#own.add(registry);
  }

  /** An answer in any case: the primary waits for it. */
  async #answer(request: number): Promise<void> {
    const registries = this.#given.size > 0 ? [...this.#given] : loadedRegistries();
    const families = await Promise.all([...registries, ...this.#own].map(familiesOf));
    this.#link.send({ type: 'metrics', request, families: families.flat() });
  }
}

/** A collector of the application's that throws costs its own registry only. */
async function familiesOf(registry: MetricsRegistry): Promise<readonly unknown[]> {
  try {
    return await registry.getMetricsAsJSON();
  } catch {
    return [];
  }
}

/** Modules that were loaded, by file. */
type Loaded = Readonly<Record<string, { readonly exports?: { readonly register?: MetricsRegistry } } | undefined>>;

/** prom-client is CommonJS, so it is in that cache also when it was imported: on Node 20 to 26. */
function loadedRegistries(): MetricsRegistry[] {
  const { createRequire } = process.getBuiltinModule('node:module');
  const cache: Loaded = createRequire(import.meta.url).cache;
  const registries = Object.keys(cache)
    .filter((file) => PROM_CLIENT.test(file))
    .map((file) => cache[file]?.exports?.register);
  return registries.filter((registry) => typeof registry?.getMetricsAsJSON === 'function') as MetricsRegistry[];
}
