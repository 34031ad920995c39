/** The few messages between the primary and the binder, with their checks: neither end trusts the other. */

/** What the binder may be asked to bind. The query never has a path, nor a port that every user may bind. */
export interface BindQuery {
  readonly transport: 'tcp' | 'udp';
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly reuseport: boolean;
  readonly ipv6Only: boolean;
}

/** The messages of the primary. */
export type BinderRequest =
  | { readonly binder: 'bind'; readonly id: string; readonly query: BindQuery }
  /** From now on only these of the permitted ports may be bound. */
  | { readonly binder: 'restrict'; readonly ports: readonly number[] }
  /** The first start is over. From now on only the ports that were bound so far may be bound. */
  | { readonly binder: 'seal' }
  /** An upgrade has succeeded: the process of this id is the primary from now on. */
  | { readonly binder: 'follow'; readonly pid: number }
  /** The server has stopped, and the binder ends. */
  | { readonly binder: 'end' };

/**
 * The binder's answer to `bind`. On success, errno is 0 and the handle comes with the message. `errno` is negative, as
 * libuv has it.
 */
export interface BinderAnswer {
  readonly binder: 'bound';
  readonly id: string;
  readonly errno: number;
}

/** Announces that no port is left which the binder may bind, and that it ends. */
export interface BinderFarewell {
  readonly binder: 'done';
}

/** The length of an IPv6 address with its zone in characters (INET6_ADDRSTRLEN and IF_NAMESIZE). */
const LONGEST_ADDRESS = 64;
const LONGEST_ID = 64;
const MOST_PORTS = 1024;

type Check = (value: unknown) => boolean;
const boolean: Check = (value) => typeof value === 'boolean';
const MOST_PID = 2 ** 22;
const pid: Check = (value) => Number.isInteger(value) && (value as number) > 1 && (value as number) <= MOST_PID;
const port: Check = (value) => Number.isInteger(value) && (value as number) > 0 && (value as number) <= 65_535;
const id: Check = (value) => typeof value === 'string' && value.length <= LONGEST_ID;

const queryFields: Readonly<Record<keyof BindQuery, Check>> = {
  transport: (value) => value === 'tcp' || value === 'udp',
  address: (value) =>
    typeof value === 'string' && value.length <= LONGEST_ADDRESS && /^[\da-fA-F:.]+(%[\w.-]+)?$/.test(value),
  port,
  family: (value) => value === 4 || value === 6,
  reuseport: boolean,
  ipv6Only: boolean,
};

const requestFields: Readonly<Record<BinderRequest['binder'], Readonly<Record<string, Check>>>> = {
  bind: { id, query: (value) => fits(value, queryFields) },
  restrict: { ports: (value) => Array.isArray(value) && value.length <= MOST_PORTS && value.every(port) },
  seal: {},
  follow: { pid },
  end: {},
};

const answerFields: Readonly<Record<keyof BinderAnswer, Check>> = {
  binder: (value) => value === 'bound',
  id,
  errno: (value) => Number.isInteger(value) && (value as number) <= 0,
};

/**
 * Checks a request.
 *
 * @returns undefined for anything else.
 */
export function binderRequestOf(message: unknown): BinderRequest | undefined {
  const kind = (message as Partial<BinderRequest> | null)?.binder;
  if (typeof kind !== 'string' || !Object.hasOwn(requestFields, kind)) return undefined;
  return fits(message, requestFields[kind]) ? (message as BinderRequest) : undefined;
}

/**
 * Checks an answer.
 *
 * @returns undefined for anything else.
 */
export function binderAnswerOf(message: unknown): BinderAnswer | undefined {
  return fits(message, answerFields) ? (message as BinderAnswer) : undefined;
}

export function isFarewell(message: unknown): message is BinderFarewell {
  return (message as Partial<BinderFarewell> | null)?.binder === 'done';
}

function fits(value: unknown, fields: Readonly<Record<string, Check>>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  return Object.entries(fields).every(([field, check]) => check(record[field]));
}
