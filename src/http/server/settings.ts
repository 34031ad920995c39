import { MisuseError } from '../protocol/errors.ts';

export interface Entry<Value> {
  readonly default: Value;
  readonly unit: 'ms' | 'bytes' | 'count' | 'flag' | 'text';
  /** The name of the setting in fasthttp; undefined where it has none. */
  readonly of: string | undefined;
  /** The meaning in one sentence, for the documentation. */
  readonly meaning: string;
  /** The least value of a number. It is 1 where there has to be a limit, because each connection may fill it. */
  readonly least: 0 | 1;
}

const MEGABYTE = 1024 * 1024;

/** The settings that are values. Times are milliseconds, sizes bytes; 0 is no limit, save for head and fields. */
export interface Settings {
  /** The value of the field Server. @default 'prefork' */
  readonly name: string;
  /** Connections open at once; more get 503 and are closed. @default 65_536 */
  readonly concurrency: number;
  /** The largest head of a request: 431, and 414 for its target. @default 16_384 */
  readonly readBufferSize: number;
  /** Fields of a request; more are 431. @default 100 */
  readonly maxFields: number;
  /** The time from the first byte of a request to its last; then 408. @default 30_000 */
  readonly readTimeout: number;
  /** The time for the client to take each 64 KiB of a response; then it is cut. @default 30_000 */
  readonly writeTimeout: number;
  /** The time between two requests, and before the first; then the connection closes. @default 75_000 */
  readonly idleTimeout: number;
  /** The time for a handler to begin its response; then 503. @default 120_000 */
  readonly handlerTimeout: number;
  /** Connections of one client, which is an IPv4 address or a /64 network of IPv6; more get 429 and are closed. @default 0 */
  readonly maxConnsPerIP: number;
  /** Requests of a connection, which then closes. @default 0 */
  readonly maxRequestsPerConn: number;
  /** The age at which a connection closes, after a response. @default 0 */
  readonly maxKeepaliveDuration: number;
  /** The largest body: 413, and it is not read. @default 4 * MEGABYTE */
  readonly maxRequestBodySize: number;
  /** The memory that the bodies of all connections may take: 503. @default 256 * MEGABYTE */
  readonly maxBodyMemory: number;
  /** Closes every connection after its first response. @default false */
  readonly disableKeepalive: boolean;
  /** Refuses all but GET and HEAD: 405. @default false */
  readonly getOnly: boolean;
  /** Sends no Server. @default false */
  readonly noDefaultServerHeader: boolean;
  /** Sends no Date. @default false */
  readonly noDefaultDate: boolean;
  /** Sends no Content-Type that the handler has not set. @default false */
  readonly noDefaultContentType: boolean;
  /** Says Connection: close once the server is closing. @default true */
  readonly closeOnShutdown: boolean;
  /** Calls the handler when the head has come, not the whole body. @default false */
  readonly streamRequestBody: boolean;
}

/** The settings, with defaults that are safe on the internet. The documentation's table is made of this. */
export const settingsTable: { readonly [Name in keyof Settings]: Entry<Settings[Name]> } = {
  name: text('prefork', 'Name', 'the value of the field Server'),
  concurrency: count(65_536, 'Concurrency', 'connections open at once; more get 503 and are closed'),
  readBufferSize: bytes(16_384, 'ReadBufferSize', 'the largest head of a request: 431, and 414 for its target', 1),
  maxFields: count(100, undefined, 'fields of a request; more are 431', 1),
  readTimeout: ms(30_000, 'ReadTimeout', 'the time from the first byte of a request to its last; then 408'),
  writeTimeout: ms(30_000, 'WriteTimeout', 'the time for the client to take each 64 KiB of a response; then it is cut'),
  idleTimeout: ms(
    75_000,
    'IdleTimeout',
    'the time between two requests, and before the first; then the connection closes',
  ),
  handlerTimeout: ms(120_000, undefined, 'the time for a handler to begin its response; then 503'),
  maxConnsPerIP: count(
    0,
    'MaxConnsPerIP',
    'connections of one client, which is an IPv4 address or a /64 network of IPv6; more get 429 and are closed',
  ),
  maxRequestsPerConn: count(0, 'MaxRequestsPerConn', 'requests of a connection, which then closes'),
  maxKeepaliveDuration: ms(0, 'MaxKeepaliveDuration', 'the age at which a connection closes, after a response'),
  maxRequestBodySize: bytes(4 * MEGABYTE, 'MaxRequestBodySize', 'the largest body: 413, and it is not read'),
  maxBodyMemory: bytes(256 * MEGABYTE, undefined, 'the memory that the bodies of all connections may take: 503'),
  disableKeepalive: flag(false, 'DisableKeepalive', 'closes every connection after its first response'),
  getOnly: flag(false, 'GetOnly', 'refuses all but GET and HEAD: 405'),
  noDefaultServerHeader: flag(false, 'NoDefaultServerHeader', 'sends no Server'),
  noDefaultDate: flag(false, 'NoDefaultDate', 'sends no Date'),
  noDefaultContentType: flag(false, 'NoDefaultContentType', 'sends no Content-Type that the handler has not set'),
  closeOnShutdown: flag(true, 'CloseOnShutdown', 'says Connection: close once the server is closing'),
  streamRequestBody: flag(false, 'StreamRequestBody', 'calls the handler when the head has come, not the whole body'),
};

/** @throws MisuseError ERR_HTTP_OPTION that says what was expected */
export function resolveSettings(given: Partial<Settings>): Settings {
  const settings: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(settingsTable)) {
    const value = (given as Record<string, unknown>)[name] ?? row.default;
    check(name, row, value);
    settings[name] = value;
  }
  // The result is a copy. V8 makes a dictionary of an object that has got more than a dozen properties by computed
  // names, and looking up three settings in one costs a request 45 ns more.
  return { ...settings } as unknown as Settings;
}

function check(name: string, { default: example, unit, least }: Entry<unknown>, value: unknown): void {
  const isRight =
    typeof example === 'number'
      ? Number.isSafeInteger(value) && Number(value) >= least
      : typeof value === typeof example;
  if (isRight && !(unit === 'text' && /[^\x20-\x7e]/.test(String(value)))) return;
  const of = unit === 'count' ? '' : ` of ${unit}`;
  const expected = typeof example === 'number' ? `a whole number${of}, ${least} or more` : `a ${typeof example}`;
  throw new MisuseError('ERR_HTTP_OPTION', `${name}: expected ${expected}, got ${JSON.stringify(value)}`);
}

function ms(value: number, of: string | undefined, meaning: string): Entry<number> {
  return { default: value, unit: 'ms', of, meaning, least: 0 };
}

function bytes(value: number, of: string | undefined, meaning: string, least: 0 | 1 = 0): Entry<number> {
  return { default: value, unit: 'bytes', of, meaning, least };
}

function count(value: number, of: string | undefined, meaning: string, least: 0 | 1 = 0): Entry<number> {
  return { default: value, unit: 'count', of, meaning, least };
}

function flag(value: boolean, of: string | undefined, meaning: string): Entry<boolean> {
  return { default: value, unit: 'flag', of, meaning, least: 0 };
}

function text(value: string, of: string | undefined, meaning: string): Entry<string> {
  return { default: value, unit: 'text', of, meaning, least: 0 };
}
