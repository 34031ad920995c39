import type { Context } from '../message/context.ts';
import { MisuseError } from '../protocol/errors.ts';
import type { HeaderList } from '../message/header-list.ts';
import type { Handler } from '../message/hooks.ts';
import { LightResponse, TEXT, type Parts } from './light-response.ts';

/** The second argument of a fetch handler, beside the request: `c.env` in Hono. */
export interface FetchEnvironment {
  /** The context, for what the standard cannot express: the client's address, trailers of either side, early hints. */
  readonly context: Context;
}

/** A WHATWG fetch handler, as Hono, h3, Elysia and SvelteKit have it. */
export type FetchFunction = (request: Request, environment: FetchEnvironment) => Response | Promise<Response>;

/** The fields of a response that the server sets, whatever a framework or the response of another server has. */
const OURS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade']);

/** Makes a handler of a fetch handler. @param toRequest makes the request for it. */
export function fetchHandler(fetch: FetchFunction, toRequest: (context: Context) => Request): Handler {
  return (context) => {
    const response = fetch(toRequest(context), { context });
    if (response instanceof Promise) return response.then((later) => respond(context, later));
    return respond(context, response);
  };
}

/** @returns undefined when the whole response is given, or a promise of that. */
function respond(context: Context, response: Response): void | Promise<void> {
  if (!isResponse(response)) {
    throw new MisuseError('ERR_HTTP_BODY', `a fetch handler returns a Response, got ${typeof response}`);
  }
  // The handler itself has answered by the context. The connection may be another's by now.
  if (context.isAnswered) return;
  const parts = LightResponse.partsOf(response);
  return parts === undefined ? respondReal(context, LightResponse.originalOf(response)) : respondLight(context, parts);
}

function respondLight(context: Context, { content, status, statusText, list, headers }: Parts): void {
  if (status !== 200 || statusText !== '') context.status(status, statusText);
  if (headers === undefined) copyList(context, list);
  else copyAll(context, headers);
  if (content === null) return context.end();
  // The headers have the type already, unless it was taken out.
  context.defaultType(typeof content === 'string' && headers === undefined ? TEXT : '');
  context.end(content);
}

async function respondReal(context: Context, response: Response): Promise<void> {
  context.status(response.status, response.statusText);
  copyAll(context, response.headers);
  const { body } = response;
  if (body === null) return context.end();
  // The rest of the body would look like the whole.
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
  // This is the one field that `Headers` does not combine.
  if (lower === 'set-cookie') context.append(name, value);
  else if (!OURS.has(lower)) context.header(name, value);
}

/** Whether the value is a response. One of another realm, or of a package of its own, is one too. */
function isResponse(value: unknown): value is Response {
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value && 'body' in value;
}
