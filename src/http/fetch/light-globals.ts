import { isToken } from '../protocol/field-line.ts';
import { unwrapped } from './light-request.ts';
import { json, LightResponse } from './light-response.ts';

/**
 * The functions below replace the global Request, Response and fetch. The two constructors share the originals' prototypes, so
 * `instanceof` treats light and real objects alike. `new Request` makes a real request, and `new Response` a light response. A class that
 * extends either makes real ones.
 */

const OriginalRequest: typeof Request = globalThis.Request;
const OriginalResponse: typeof Response = globalThis.Response;

/** The fields that belong to one connection, and not to the next: RFC 9110, 7.6.1. */
const OF_CONNECTION = 'connection keep-alive proxy-connection te transfer-encoding upgrade expect'.split(' ');

let fetchBefore: typeof fetch | undefined;

type RequestArguments = ConstructorParameters<typeof Request>;
type ResponseArguments = ConstructorParameters<typeof Response>;

/** Installs the light globals. Another call does nothing. All requests and responses are instances of the originals. */
export function installLightGlobals(): void {
  install('Request', RequestFacade, OriginalRequest);
  install('Response', ResponseFacade, OriginalResponse);
  fetchBefore ??= globalThis.fetch;
  // Another program may have wrapped our function. If ours were put around that one, they would call each other.
  if (globalThis.fetch === fetchBefore) globalThis.fetch = fetchFacade;
}

/** Gives the original a real request, because it looks for what only its own have. */
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
 * Prepares a request of a client of this server for being sent on. Some of its fields say how its own connection goes
 * on. They are not for the next connection, and the original would refuse to send them. A copy is prepared too: only
 * such a copy gets a Transfer-Encoding.
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

/** Gives a function the name, prototype and static members of the original. */
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
