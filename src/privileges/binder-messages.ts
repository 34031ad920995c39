/** The few words between the primary and the binder, and their checks: neither end trusts the other's. */

/** What the binder may be asked to bind: never a path, and no port that everybody may bind. */
export interface BindQuery {
  readonly transport: 'tcp' | 'udp';
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly reuseport: boolean;
  readonly ipv6Only: boolean;
}

/** The primary says: */
export type BinderRequest =
  | { readonly binder: 'bind'; readonly id: string; readonly query: BindQuery }
  /** Of the ports that may be bound, only these from now on. */
  | { readonly binder: 'restrict'; readonly ports: readonly number[] }
  /** The first start is over: of the ports, those that were bound alone from now on. */
  | { readonly binder: 'seal' };

/** The binder answers `bind`. Success, which is errno 0, comes with the handle. `errno` is as libuv's, negative. */
export interface BinderAnswer {
  readonly binder: 'bound';
  readonly id: string;
  readonly errno: number;
}

/** No port is left that the binder may bind, and it ends. */
export interface BinderFarewell {
  readonly binder: 'done';
}

/** Of an IPv6 address with its zone, characters (INET6_ADDRSTRLEN and IF_NAMESIZE). */
const LONGEST_ADDRESS = 64;
const LONGEST_ID = 64;
const MOST_PORTS = 1024;

type Check = (value: unknown) => boolean;
const boolean: Check = (value) => typeof value === 'boolean';
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
};

const answerFields: Readonly<Record<keyof BinderAnswer, Check>> = {
  binder: (value) => value === 'bound',
  id,
  errno: (value) => Number.isInteger(value) && (value as number) <= 0,
};

/** @returns undefined for anything else. */
export function binderRequestOf(message: unknown): BinderRequest | undefined {
  const kind = (message as Partial<BinderRequest> | null)?.binder;
  if (typeof kind !== 'string' || !Object.hasOwn(requestFields, kind)) return undefined;
  return fits(message, requestFields[kind]) ? (message as BinderRequest) : undefined;
}

/** @returns undefined for anything else. */
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
