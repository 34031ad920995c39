import type { Log } from '../telemetry/log.ts';

/** What is known of a library whose other half is missing in the primary. */
interface Library {
  readonly name: string;
  readonly field: string;
  readonly value: unknown;
  readonly remedy: string;
}

/**
 * Libraries that expect their half in the primary, by what tells their messages: the source of each is in its package,
 * of the version that is named here.
 */
const libraries: readonly Library[] = [
  {
    // 6.9, lib/clustering.js
    name: 'log4js',
    field: 'topic',
    value: 'log4js:message',
    remedy:
      'its workers send what they log, and no line is written. Give configure() disableClustering: true, and each worker writes for itself, or run its half by --primary',
  },
  {
    // 11.4, lib/RateLimiterCluster.js
    name: 'rate-limiter-flexible',
    field: 'channel',
    value: 'rate_limiter_flexible',
    remedy:
      'RateLimiterCluster waits for a primary that counts. Use rateLimiter() of prefork/state/rate-limiter-flexible, which counts for all workers, or run its half by --primary',
  },
  {
    // 0.3, dist/index.js
    name: '@socket.io/cluster-adapter',
    field: 'source',
    value: '_sio_adapter',
    remedy:
      'its workers do not hear each other. Use socketAdapter() of prefork/state/socket.io, or run its half by --primary',
  },
  {
    // 0.1, cluster-node-cache.js
    name: 'cluster-node-cache',
    field: 'clusternodecache',
    value: true,
    remedy:
      'its cache is in a primary of its own. Use a cache of prefork/state, which all workers share, or run its half by --primary',
  },
];

const UNKNOWN: Pick<Library, 'name' | 'remedy'> = {
  name: 'unknown',
  remedy:
    'no code of the application runs in the primary, so nothing hears what process.send() sends. A channel of prefork/state reaches all workers, and --primary runs the half that hears it',
};

/**
 * Tells, once for each library, that a worker sends messages which nothing in the primary hears. Without a word such a
 * library waits for ever, or loses what it was given.
 */
export class UnheardMessages {
  readonly #log: Log;
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes the message of an application, which is not trusted. */
  take(message: unknown): void {
    const { name, remedy } = libraries.find((library) => isOf(library, message)) ?? UNKNOWN;
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#log('message unheard', { library: name, message: remedy });
  }
}

function isOf({ field, value }: Library, message: unknown): boolean {
  return typeof message === 'object' && message !== null && (message as Record<string, unknown>)[field] === value;
}
