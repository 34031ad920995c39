import { isToken } from '../protocol/field-line.ts';
import { unwrapped } from './light-request.ts';
import { json, LightResponse } from './light-response.ts';

/*
 * What takes the place of the global Request, Response and fetch. Their prototypes are the originals': what is an instance of
 * these is one of those, and the other way round. A class that extends one gets a real one.
 */

const OriginalRequest: typeof Request = globalThis.Request;
const OriginalResponse: typeof Response = globalThis.Response;

/** Fields that are of one connection, and none of the next: RFC 9110, 7.6.1. */
const OF_CONNECTION = 'connection keep-alive proxy-connection te transfer-encoding upgrade expect'.split(' ');

let fetchBefore: typeof fetch | undefined;

type RequestArguments = ConstructorParameters<typeof Request>;
type ResponseArguments = ConstructorParameters<typeof Response>;

/** Idempotent. All are instances of the originals, and take theirs. */
export function installLightGlobals(): void {
  install('Request', RequestFacade, OriginalRequest);
  install('Response', ResponseFacade, OriginalResponse);
  fetchBefore ??= globalThis.fetch;
  // Not once more around what another has wrapped around ours: they would call each other.
  if (globalThis.fetch === fetchBefore) globalThis.fetch = fetchFacade;
}

/** The original looks for what only its own have. */
function RequestFacade(...[input, ...rest]: RequestArguments): Request {
  if (new.target === undefined) throw notCalled('Request');
  const target = new.target === RequestFacade ? OriginalRequest : new.target;
  return Reflect.construct(OriginalRequest, [unwrapped(input), ...rest], target) as Request;
}

function ResponseFacade(content?: ResponseArguments[0], init?: ResponseArguments[1]): Response {
  if (new.target === undefined) throw notCalled('Response');
  if (new.target === ResponseFacade) return new LightResponse(content, init) as unknown as Response;
  return Reflect.construct(OriginalResponse, [content, init], new.target) as Response;
}

function notCalled(name: string): TypeError {
  return new TypeError(`Class constructor ${name} cannot be invoked without 'new'`);
}

const fetchFacade: typeof fetch = async function fetch(input, init) {
  return fetchBefore!(onItsWay(input), init);
};

/**
 * What a client has sent to this server says how its own connection goes on, which is not for the next one: the original would
 * refuse to send it. Also of a copy, which only so gets a Transfer-Encoding.
 */
function onItsWay<Input>(input: Input): Input | Request {
  const real = unwrapped(input);
  if (!(real instanceof OriginalRequest)) return input;
  if (real === input && !real.headers.has('transfer-encoding')) return input;
  const request = new OriginalRequest(real);
  const named = request.headers.get('connection')?.split(/[ \t]*,[ \t]*/) ?? [];
  for (const name of [...OF_CONNECTION, ...named]) if (isToken(name)) request.headers.delete(name);
  return request;
}

dress(RequestFacade, OriginalRequest);
dress(ResponseFacade, OriginalResponse);
Object.defineProperty(ResponseFacade, 'json', { ...statically('json'), value: json });

/** Its name, prototype and static members are the original's. */
function dress(ours: (...args: never[]) => unknown, original: typeof Request | typeof Response): void {
  Object.setPrototypeOf(ours, original);
  Object.defineProperty(ours, 'name', { value: original.name });
  Object.defineProperty(ours, 'length', { value: original.length });
  Object.defineProperty(ours, 'prototype', { value: original.prototype, writable: false });
}

function statically(name: string): PropertyDescriptor {
  return Object.getOwnPropertyDescriptor(OriginalResponse, name)!;
}

function install(
  name: 'Request' | 'Response',
  ours: (...args: never[]) => unknown,
  original: typeof Request | typeof Response,
): void {
  Object.assign(globalThis, { [name]: ours });
  Object.defineProperty(original.prototype, 'constructor', { value: ours, writable: true, configurable: true });
}
