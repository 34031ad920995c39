import type { ConnectionOptions } from 'node:tls';
import { checkKeys, checkValue, fail } from '../../options/check.ts';
import { either } from '../../options/quote.ts';
import type { Shape } from '../../options/shape.ts';
import type { Time } from '../../options/types.ts';
import { defaultRequests, type LoadRequest, type Protocol } from './request.ts';

/** The properties of the load. Times are `500ms`, `10s`, or a number of ms. */
export interface LoadOptions {
  /** The number of clients. Each sends its next request when it has the answer to its last. @default 16 */
  readonly clients?: number | undefined;
  /**
   * How clients use connections. `kept`: for as long as the server lets them (with HTTP/2, up to 8 clients share a
   * session). `new`: a connection for each request. `mixed`: half of the clients do the one, half the other.
   *
   * @default 'mixed'
   */
  readonly connections?: 'mixed' | 'kept' | 'new' | undefined;
  /** The protocol. `http2` is h2c without an upgrade from HTTP/1.1; with `tls` it is h2. @default 'http1' */
  readonly protocol?: Protocol | undefined;
  /** True for TLS that trusts any certificate, or options of `tls.connect` for a more demanding server. @default false */
  readonly tls?: boolean | ConnectionOptions | undefined;
  /**
   * The requests, which each client sends in turns.
   *
   * @default GET /, and over HTTP/1 also POST / with 16 KiB of random bytes; any status below 500 will do
   */
  readonly requests?: readonly LoadRequest[] | undefined;
  /**
   * The longest wait for a whole answer, including the time to connect. Then the request counts as lost. @default '10s'
   */
  readonly timeout?: Time | undefined;
  /** How long a client rests between an answer and its next request. @default 0 */
  readonly pause?: Time | undefined;
}

/** The options, checked and with defaults. */
export interface LoadSettings {
  readonly clients: number;
  readonly connections: 'mixed' | 'kept' | 'new';
  readonly protocol: Protocol;
  readonly tls: ConnectionOptions | undefined;
  readonly requests: readonly LoadRequest[];
  readonly timeout: number;
  readonly pause: number;
}

const shapes = {
  clients: { type: 'integer', min: 1, max: 10_000 },
  connections: { type: 'choice', choices: ['mixed', 'kept', 'new'] },
  protocol: { type: 'choice', choices: ['http1', 'http2'] },
  timeout: { type: 'time', min: 1 },
  pause: { type: 'time' },
} as const satisfies Record<string, Shape>;

export const loadKeys: readonly string[] = [...Object.keys(shapes), 'tls', 'requests'];

/** The load writes these headers itself. */
const ownHeaders = ['content-length', 'transfer-encoding', 'connection'];

const requestKeys = ['method', 'path', 'headers', 'body', 'status', 'check'];

/**
 * Checks the options, and throws a UsageError for those that cannot be used. Keys that are not of the load are ignored.
 */
export function checkLoad(options: LoadOptions): LoadSettings {
  const read = (key: keyof typeof shapes): unknown => checkValue(shapes[key], key, options[key]);
  const given = Object.fromEntries(
    Object.keys(shapes).flatMap((key) => {
      const value = read(key as keyof typeof shapes);
      return value === undefined ? [] : [[key, value]];
    }),
  ) as Partial<LoadSettings>;
  const protocol = given.protocol ?? 'http1';
  return {
    clients: 16,
    connections: 'mixed',
    timeout: 10_000,
    pause: 0,
    ...given,
    protocol,
    tls: checkTls(options.tls),
    requests: options.requests === undefined ? defaultRequests[protocol] : checkRequests(options.requests),
  };
}

function checkTls(tls: LoadOptions['tls']): ConnectionOptions | undefined {
  if (tls === undefined || tls === false) return undefined;
  if (tls === true) return { rejectUnauthorized: false };
  return isObject(tls) ? tls : fail('tls', 'true, false or options of tls.connect', tls);
}

function checkRequests(requests: unknown): readonly LoadRequest[] {
  if (!Array.isArray(requests) || requests.length === 0) {
    return fail('requests', "a list of at least one, such as [{ path: '/' }]", requests);
  }
  for (const [index, request] of requests.entries()) checkRequest(`requests[${index}]`, request);
  return requests as LoadRequest[];
}

function checkRequest(place: string, request: unknown): void {
  if (!isObject(request)) fail(place, "an object such as { method: 'GET', path: '/' }", request);
  const { method, path, headers, body, status, check } = request as Record<keyof LoadRequest, unknown>;
  checkKeys(`${place}: `, Object.keys(request), requestKeys);
  const must = (key: string, value: unknown, fits: boolean, expected: string): void => {
    if (value !== undefined && !fits) fail(`${place}.${key}`, expected, value);
  };
  must('method', method, isText(method, /^[A-Z]+$/), 'a method in capitals such as POST');
  must('path', path, isText(path, /^\/[^\s#]*$/), 'a path that begins with / and has no spaces');
  must('headers', headers, isHeaders(headers), `an object of texts, each on one line, without ${either(ownHeaders)}`);
  must('body', body, isBody(body), 'text, bytes, or how many random bytes');
  must('status', status, Number.isInteger(status), 'a whole number such as 201');
  must('check', check, typeof check === 'function', 'a function that throws when the answer is wrong');
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isHeaders(value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.entries(value).every(
    ([name, text]) => isText(text, /^[^\r\n]*$/) && !ownHeaders.includes(name.toLowerCase()),
  );
}

function isBody(value: unknown): boolean {
  return (
    typeof value === 'string' || value instanceof Uint8Array || (Number.isSafeInteger(value) && Number(value) >= 0)
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
