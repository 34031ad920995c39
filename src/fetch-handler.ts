import type { RequestListener } from 'node:http';
import { PreforkError } from './errors.ts';
import { systemCode } from './contract/system-code.ts';

/** A WHATWG fetch handler, such as those of Hono, h3, Elysia and SvelteKit. */
export interface FetchHandler {
  fetch(request: Request): Response | Promise<Response>;
}

export function isFetchHandler(value: object): value is FetchHandler {
  return typeof (value as Partial<FetchHandler>).fetch === 'function';
}

/**
 * Makes a node:http listener that calls the handler. The package `srvx` does this, and only servers of fetch handlers
 * need it.
 *
 * @throws PreforkError ERR_MISSING_DEPENDENCY
 */
export async function fetchListener(handler: FetchHandler): Promise<RequestListener> {
  try {
    const { toNodeHandler } = await import('srvx/node');
    return toNodeHandler((request) => handler.fetch(request)) as RequestListener;
  } catch (cause) {
    if (systemCode(cause) !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new PreforkError(
      'ERR_MISSING_DEPENDENCY',
      'serving a fetch handler needs the package srvx: npm install srvx',
      {
        cause,
      },
    );
  }
}
