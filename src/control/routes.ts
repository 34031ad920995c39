/** The routes of the control socket: a table from path and method to a function. This module has no sockets. */
import { MOST_WORKERS } from '../contract/limits.ts';
import { askedKinds, rowOf, type AskedKind, type AskedTargets, type OperationField } from '../contract/operations.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Controls, Viewer } from './controls.ts';
import {
  BadRequest,
  readBoolean,
  readChoice,
  readFields,
  readInteger,
  readPath,
  readShare,
  readTrue,
  readWord,
  type Fields,
} from './fields.ts';
import { refusal, type Provenance } from './origin.ts';
import { PAGE_POLICY, pageFiles, type PagePath } from './page-files.ts';
import { withoutWords } from './status/public-status.ts';
import { isKeyOf } from '../contract/tables.ts';
import type { SharedAnswers } from './shared-answers.ts';

/** The longest time that one request can hold a worker. A client that is gone cannot release it. */
const LONGEST_HOLD_SECONDS = 600;

/** What is known of a request before its body is read. */
export interface RequestHead extends Provenance {
  readonly method: string;
  /** The path and query. */
  readonly target: string;
  readonly accept?: string | undefined;
  /** The `Authorization` header. */
  readonly authorization?: string | undefined;
}

export interface ControlRequest extends RequestHead {
  /** Undefined when the body was too long to be read, or of a request that has none. */
  readonly body: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Additional headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Writes what follows the body, as long as both sides want. The function gets the response and ends it. */
  readonly follow?: (response: Viewer) => void;
}

/** Decides which requests are answered. */
export interface Gate {
  /** Returns the refusal of a request; undefined when the request is answered. */
  refuse(head: RequestHead): Answer | undefined;
  /** True when the client is a user of this machine, who may say which of its programs is run. */
  readonly isLocal: boolean;
  /** Tells whether the client may see what the application said about itself. */
  isTrusted(head: RequestHead): boolean;
  /** Shares answers among clients that are not trusted, by the path. Undefined where all are. */
  readonly shared?: SharedAnswers<string, Answer>;
}

/** The gate of the Unix socket, which only its user can open. */
export const socketGate: Gate = {
  isLocal: true,
  refuse(head) {
    const reason = refusal(head);
    return reason === undefined ? undefined : failure(403, reason);
  },
  isTrusted: () => true,
};

/** The input of a route. */
interface Asked {
  readonly controls: Controls;
  readonly fields: Fields;
  readonly accept: string | undefined;
  readonly isTrusted: boolean;
  readonly isLocal: boolean;
}

interface Route {
  /** The names of the fields that its query or body may have. */
  readonly fields: readonly string[];
  readonly answer: (asked: Asked) => Answer | Promise<Answer>;
  /** Whether it takes the primary time that grows with the workers, and all who are not trusted may have the same answer. */
  readonly isCostly?: true;
}

type Method = 'GET' | 'POST';

type Methods = Readonly<Partial<Record<Method, Route>>>;

const routes: Readonly<Record<string, Methods>> = {
  '/': { GET: pageFile('/') },
  '/dashboard.css': { GET: pageFile('/dashboard.css') },
  '/dashboard.js': { GET: pageFile('/dashboard.js') },
  '/live': { GET: { fields: [], answer: live } },
  '/history': { GET: { fields: [], answer: ({ controls }) => json(200, controls.figures()), isCostly: true } },
  '/status': { GET: { fields: [], answer: currentStatus, isCostly: true } },
  '/metrics': { GET: { fields: [], answer: metrics } },
  '/healthz': { GET: { fields: [], answer: () => text(200, 'ok') } },
  '/readyz': { GET: { fields: [], answer: readiness } },
  '/status.schema.json': { GET: { fields: [], answer: schema } },
  '/logs': { GET: { fields: ['after', 'worker'], answer: logs } },
  '/stop': {
    POST: {
      fields: ['now'],
      answer: async ({ controls, fields }) => outcome(await controls.stop(readBoolean(fields, 'now'))),
    },
  },
  '/hold': {
    POST: {
      fields: ['pid', 'seconds', 'closesInspector', 'holder'],
      answer: async ({ controls, fields }) => outcome(await hold(controls, fields)),
    },
  },
  ...Object.fromEntries(askedKinds.map((kind) => [`/${kind}`, { POST: operationRoute(kind) }])),
};

/** Answers a request. The promise never rejects: an error of the primary becomes a 500. */
export async function answer(request: ControlRequest, controls: Controls, gate: Gate = socketGate): Promise<Answer> {
  try {
    return await dispatch(request, controls, gate);
  } catch (error) {
    if (error instanceof BadRequest) return failure(error.status, error.message);
    return failure(500, error instanceof Error ? error.message : String(error));
  }
}

/** Makes the answer when no route gives one. */
export function failure(status: number, reason: string, headers: Answer['headers'] = {}): Answer {
  return { ...json(status, { ok: false, reason } satisfies Outcome), headers };
}

function dispatch(request: ControlRequest, controls: Controls, gate: Gate): Answer | Promise<Answer> {
  const refused = gate.refuse(request);
  if (refused !== undefined) return refused;
  const { path, query } = parseTarget(request.target);
  const methods = Object.hasOwn(routes, path) ? routes[path]! : undefined;
  if (methods === undefined) return failure(404, `no such route; there are ${routeList()}`);
  const route = routeOf(methods, request.method);
  if (route === undefined) return wrongMethod(path, methods);
  if (request.body === undefined) {
    return failure(413, request.method === 'POST' ? 'the body is longer than 64 KB' : `${request.method} has no body`);
  }
  const fields = readFields(query, request.body, route.fields);
  const { isLocal, shared } = gate;
  const isTrusted = gate.isTrusted(request);
  const asked = { controls, fields, accept: request.accept, isTrusted, isLocal };
  if (route.isCostly && !isTrusted && shared) return shared.ask(path, () => route.answer(asked));
  return route.answer(asked);
}

/** Finds the route. HEAD is handled as GET, and Node leaves out the body. */
function routeOf(methods: Methods, method: string): Route | undefined {
  const name = method === 'HEAD' ? 'GET' : method;
  return isKeyOf<Method>(methods, name) ? methods[name] : undefined;
}

/** Parses the target by hand, because the URL class would resolve `//` and `..`, and would throw for some targets. */
function parseTarget(target: string): { path: string; query: URLSearchParams } {
  const end = target.indexOf('?');
  const path = end === -1 ? target : target.slice(0, end);
  return { path, query: new URLSearchParams(end === -1 ? '' : target.slice(end)) };
}

function wrongMethod(path: string, methods: Methods): Answer {
  const allowed = Object.keys(methods);
  const allow = allowed.includes('GET') ? [...allowed, 'HEAD'] : allowed;
  return failure(405, `${path} takes ${allow.join(' and ')}`, { allow: allow.join(', ') });
}

function routeList(): string {
  const list = Object.entries(routes).flatMap(([path, methods]) => Object.keys(methods).map((one) => `${one} ${path}`));
  return list.join(', ');
}

function currentStatus({ controls, isTrusted }: Asked): Answer {
  const now = controls.status();
  return json(200, isTrusted ? now : withoutWords(now));
}

/** Loads the schema when it is asked for, which is rare. */
async function schema(): Promise<Answer> {
  const { statusSchema } = await import('./status/status-schema.ts');
  return { ...json(200, statusSchema), contentType: 'application/schema+json' };
}

/** The status is 501 when prom-client, which formats the metrics, is not installed. */
async function metrics({ controls, accept }: Asked): Promise<Answer> {
  const result = await controls.metrics(accept);
  if (!result.ok) return text(501, result.reason);
  return { status: 200, contentType: result.contentType, body: result.body };
}

/** What workers write may be anything, such as a password: only the user of the server and those with the token see it. */
function logs({ controls, fields, isTrusted }: Asked): Answer {
  if (!isTrusted) return failure(403, 'the lines of the application are for those with the token');
  const after = readInteger(fields, 'after', { min: 0, max: Number.MAX_SAFE_INTEGER });
  const worker = readInteger(fields, 'worker', { min: 0, max: MOST_WORKERS - 1 });
  return json(200, controls.logs(after, worker));
}

function readiness({ controls }: Asked): Answer {
  const result = controls.readiness();
  return result.ready ? text(200, 'ok') : text(503, result.reason);
}

function pageFile(path: PagePath): Route {
  const { name, contentType } = pageFiles[path];
  const headers = { 'content-security-policy': PAGE_POLICY };
  return {
    fields: [],
    async answer({ controls }) {
      const dashboard = await controls.dashboard();
      return { status: 200, contentType, headers, body: await dashboard.file(name) };
    },
  };
}

/** Answers with server-sent events, on a connection that stays open. */
async function live({ controls, isTrusted }: Asked): Promise<Answer> {
  const dashboard = await controls.dashboard();
  if (dashboard.isFull(isTrusted)) return failure(503, 'too many dashboards are open: close one');
  const follow = (response: Viewer): void => dashboard.watch(response, isTrusted);
  return { status: 200, contentType: 'text/event-stream', body: '', follow };
}

function operationRoute(kind: AskedKind): Route {
  return {
    fields: Object.keys(rowOf(kind).fields ?? {}),
    answer: async ({ controls, fields, isLocal }) => {
      const path = isLocal ? undefined : pathOf(kind, fields);
      if (path !== undefined) return failure(403, `only the control socket accepts ${path}`);
      return outcome(await controls.operate(kind, targetOf(kind, fields)));
    },
  };
}

/**
 * Returns the name of a field with a path, if the request has one. Over TCP, a client with the token decides when something
 * runs, not which program: the path could lead to a file that a client made the server store.
 */
function pathOf(kind: AskedKind, given: Fields): string | undefined {
  const paths = Object.entries(rowOf(kind).fields ?? {}).filter(([, { type }]) => type === 'path');
  return paths.map(([name]) => name).find((name) => given[name] !== undefined);
}

/** Reads the fields that the operation's row has. */
function targetOf<Kind extends AskedKind>(kind: Kind, given: Fields): AskedTargets[Kind] {
  const { fields = {}, oneOf } = rowOf(kind);
  const values = Object.entries(fields).map(([name, field]) => {
    return [name, readField(given, name, field)] as const;
  });
  const known = values.filter(([, value]) => value !== undefined);
  if (oneOf !== undefined && known.length !== 1) throw new BadRequest(`expected ${oneOf}`);
  return Object.fromEntries(known) as AskedTargets[Kind];
}

function readField(given: Fields, name: string, field: OperationField): number | string | true | undefined {
  switch (field.type) {
    case 'integer':
      return readInteger(given, name, field);
    case 'path':
      return readPath(given, name);
    case 'choice':
      return readChoice(given, name, field.choices);
    case 'share':
      return readShare(given, name);
    case 'true':
      return readTrue(given, name);
  }
}

function hold(controls: Controls, fields: Fields): Promise<Outcome> {
  const pid = readInteger(fields, 'pid', { min: 1, max: 2 ** 31 - 1 });
  const seconds = readInteger(fields, 'seconds', { min: 0, max: LONGEST_HOLD_SECONDS });
  const closesInspector = readBoolean(fields, 'closesInspector');
  const holder = readWord(fields, 'holder') ?? '';
  if (pid !== undefined && seconds !== undefined)
    return controls.hold(pid, { within: seconds * 1000, closesInspector, holder });
  throw new BadRequest('expected pid (of a worker) and seconds (for which it may stand still)');
}

/** The status is 409 when the request is understood but cannot be done now. Nothing has changed then. */
function outcome(result: Outcome): Answer {
  return json(result.ok ? 200 : 409, result);
}

function json(status: number, value: object): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

function text(status: number, line: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${line}\n` };
}
