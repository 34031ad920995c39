import type { Context } from '../message/context.ts';
import { MisuseError } from '../protocol/errors.ts';
import type { HeaderList } from '../message/header-list.ts';
import type { Handler } from '../message/hooks.ts';
import { LightResponse, TEXT, type Parts } from './light-response.ts';

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

function respondLight(context: Context, { content, status, statusText, list, headers }: Parts): void {
  if (status !== 200 || statusText !== '') context.status(status, statusText);
  if (headers === undefined) copyList(context, list);
  else copyAll(context, headers);
  if (content === null) return context.end();
  // Headers have the type already, unless it was taken out.
  context.defaultType(typeof content === 'string' && headers === undefined ? TEXT : '');
  context.end(content);
}

async function respondReal(context: Context, response: Response): Promise<void> {
  context.status(response.status, response.statusText);
  copyAll(context, response.headers);
  const { body } = response;
  if (body === null) return context.end();
  // What is left of it would look like the whole.
  if (response.bodyUsed) throw new TypeError('Body is unusable: the response has been read by its handler');
  context.defaultType('');
  await context.stream(body);
}

function copyList(context: Context, list: HeaderList): void {
  for (let at = 0; at < list.length; at += 2) copyField(context, list[at]!, list[at + 1]!);
}

function copyAll(context: Context, headers: Headers): void {
  for (const [name, value] of headers) copyField(context, name, value);
}

function copyField(context: Context, name: string, value: string): void {
  const lower = name.toLowerCase();
  // The one field that `Headers` does not combine.
  if (lower === 'set-cookie') context.append(name, value);
  else if (!OURS.has(lower)) context.header(name, value);
}

/** Also of another realm, or of a package of its own. */
function isResponse(value: unknown): value is Response {
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value && 'body' in value;
}
