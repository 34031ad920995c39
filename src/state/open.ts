import { checkOptions, readSize, readTime, show, usage, type Size, type Time } from './arguments.ts';
import { EmbeddedEngine } from './embedded/engine.ts';
import type { Engine } from './engine.ts';
import { sharedDirectory } from './place.ts';
import { State } from './state.ts';

export interface StateOptions {
  /**
   * A directory on a local file system, in which the state outlives the server. @default shared memory, which goes away
   * with the server
   */
  readonly path?: string;
  /**
   * The address of Redis or Valkey, for several machines: `redis://host:port/database`, `rediss://...`. With Sentinel
   * it is `redis+sentinel://host:port,host:port/name/database`, with a cluster `redis+cluster://host:port,host:port`.
   */
  readonly url?: string;
  /** The text before every key in Redis, so that several applications can share it. @default 'prefork:' */
  readonly prefix?: string;
  /** How long Redis may take, or be away, before an operation fails. @default '2s' */
  readonly timeout?: Time;
  /**
   * Whether `openState` waits for Redis, and fails when it does not answer. With 'lazy' it does not, so that a worker
   * also starts while Redis is away. @default 'eager'
   */
  readonly connect?: 'eager' | 'lazy';
  /** The size of all state together. This is not for Redis, which has `maxmemory`. @default '256mb' */
  readonly maxSize?: Size;
}

const embeddedNames = ['path', 'maxSize'] as const;
const redisNames = ['url', 'prefix', 'timeout', 'connect'] as const;

const MAX_SIZE_BYTES = 256 * 1024 * 1024;
const LEAST_SIZE_BYTES = 1024 * 1024;
const TIMEOUT_MS = 2000;

/**
 * Opens the state that all workers of this server share. A process that prefork does not run has a state of its own,
 * unless `path` or a URL names a shared one.
 *
 * @param target options, or the URL of a Redis or Valkey server.
 * @param more options beside a URL.
 * @throws StateError `ERR_STATE_UNSUPPORTED` before Node 22.13 without better-sqlite3, unless there is a URL;
 *   `ERR_STATE_PLACE` for files that cannot be used; `ERR_STATE_VERSION` for what another version wrote, in a file or in
 *   Redis; `ERR_STATE_UNAVAILABLE` for a server that does not answer.
 */
export async function openState(target: string | StateOptions = {}, more?: Omit<StateOptions, 'url'>): Promise<State> {
  checkOptions(more, [...embeddedNames, ...redisNames], 'openState');
  const options = typeof target === 'string' ? { ...more, url: target } : { ...target, ...more };
  checkOptions(options, [...embeddedNames, ...redisNames], 'openState');
  const given = (names: readonly string[]): string[] => names.filter((name) => name in options);
  const [elsewhere] = given(options.url === undefined ? redisNames : embeddedNames);
  if (elsewhere !== undefined) {
    throw usage(`openState: ${elsewhere} is for state ${options.url === undefined ? 'in Redis' : 'on this machine'}`);
  }
  return new State(await (options.url === undefined ? openEmbedded(options) : openRedis(options, options.url)));
}

async function openEmbedded({ path, maxSize }: StateOptions): Promise<Engine> {
  if (path !== undefined && (typeof path !== 'string' || path === '')) {
    throw usage(`path: expected a directory, got ${show(path)}`);
  }
  const bytes = readSize(maxSize, 'maxSize', LEAST_SIZE_BYTES) ?? MAX_SIZE_BYTES;
  return EmbeddedEngine.open({ directory: path ?? sharedDirectory(), maxSize: bytes });
}

async function openRedis(
  { prefix = 'prefork:', timeout, connect = 'eager' }: StateOptions,
  url: string,
): Promise<Engine> {
  if (typeof url !== 'string')
    throw usage(`openState: expected a URL such as redis://localhost:6379, got ${show(url)}`);
  if (connect !== 'eager' && connect !== 'lazy') throw usage(`connect: expected eager or lazy, got ${show(connect)}`);
  if (typeof prefix !== 'string') throw usage(`prefix: expected text, got ${show(prefix)}`);
  const { RedisEngine } = await import('./redis/engine.ts');
  return RedisEngine.open({ url, prefix, connect, timeout: readTime(timeout, 'timeout') ?? TIMEOUT_MS });
}
