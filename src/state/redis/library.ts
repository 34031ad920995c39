import type * as redis from 'redis';
import { StateError } from '../error.ts';

/**
 * Loads the client's library, which is an optional peer.
 *
 * @throws StateError `ERR_STATE_MISSING_DEPENDENCY`
 */
export async function loadRedis(): Promise<typeof redis> {
  try {
    return await import('redis');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new StateError(
      'ERR_STATE_MISSING_DEPENDENCY',
      'state in Redis or Valkey needs the package redis: npm install redis',
      { cause },
    );
  }
}
