import type { Context } from './context.ts';
import { MisuseError } from './errors.ts';
import type { Handler } from './hooks.ts';
import { LightResponse, TEXT, type HeadersSource, type Parts } from './light-response.ts';

/** What a fetch handler gets beside the request: `c.env` in Hono. */
export interface FetchEnvironment {
  /** What the standard has no words for: the client's address, trailers of either side, early hints. */
  readonly context: Context;
}

/** A WHATWG fetch handler, as Hono, h3, Elysia and SvelteKit have it. */
export type FetchFunction = (request: Request, environment: FetchEnvironment) => Response | Promise<Response>;

/** Fields of a response that the server decides, whatever a framework or the response of another server has. */
const OURS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade']);

/** @param toRequest how a handler gets its request. */
export function fetchHandler(fetch: FetchFunction, toRequest: (context: Context) => Request): Handler {
  return (context) => {
    const response = fetch(toRequest(context), { context });
    if (response instanceof Promise) return response.then((later) => respond(context, later));
    return respond(context, response);
  };
}

/** @returns undefined when everything is given, or a promise of it. */
function respond(context: Context, response: Response): void | Promise<void> {
  if (!isResponse(response)) {
    throw new MisuseError('ERR_HTTP_BODY', `a fetch handler returns a Response, got ${typeof response}`);
  }
  // By the handler itself, which has the context: the connection may be another's.
  if (context.isAnswered) return;
  const parts = LightResponse.partsOf(response);
  return parts === undefined ? respondReal(context, LightResponse.originalOf(response)) : respondLight(context, parts);
}

function respondLight(context: Context, { content, status, statusText, headers }: Parts): void {
  if (status !== 200 || statusText !== '') context.status(status, statusText);
  if (headers !== undefined) copyHeaders(context, headers);
  if (content === null) context.end();
  else {
    context.defaultType(typeof content === 'string' ? TEXT : '');
    context.end(content);
  }
}

async function respondReal(context: Context, response: Response): Promise<void> {
  context.status(response.status, response.statusText);
  copyHeaders(context, response.headers);
  const { body } = response;
  if (body === null) return context.end();
  context.defaultType('');
  await context.stream(body);
}

function copyHeaders(context: Context, headers: HeadersSource): void {
  const entries = Symbol.iterator in headers ? headers : Object.entries(headers);
  for (const [name, value] of entries as Iterable<[name: string, value: string]>) {
    const lower = name.toLowerCase();
    if (lower === 'set-cookie') context.append(name, value);
    else if (!OURS.has(lower)) context.header(name, value);
  }
}

/** Also of another realm, or of a package of its own. */
function isResponse(value: unknown): value is Response {
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value && 'body' in value;
}
