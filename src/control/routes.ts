/** What can be asked, and how it is answered: a table from path and method to a function. No sockets here. */
import { MOST_WORKERS } from '../contract/limits.ts';
import type { Outcome, ScaleTarget } from '../contract/outcome.ts';
import type { Controls, Viewer } from './controls.ts';
import { BadRequest, readBoolean, readFields, readInteger, readPath, type Fields } from './fields.ts';
import { refusal, type Provenance } from './origin.ts';
import { PAGE_POLICY, pageFiles, type PagePath } from './page-files.ts';
import { withoutWords } from './status/public-status.ts';

/** The longest that a worker is held for without a word, s: whoever is gone cannot release it. */
const LONGEST_HOLD = 600;

export interface ControlRequest extends Provenance {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Undefined when it was too long to be read. */
  readonly body: string | undefined;
  readonly accept?: string | undefined;
  /** `Authorization`. */
  readonly authorization?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Other headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Writes what follows the body, for as long as both sides want: it gets the response, and ends it. */
  readonly follow?: (response: Viewer) => void;
}

/** Decides who may ask for what. */
export interface Gate {
  /** Why the request is not answered; undefined when it is. */
  refuse(request: ControlRequest): Answer | undefined;
  /** Whether whoever asks is a user of this machine, and may say which of its programs is run. */
  readonly isLocal: boolean;
  /** Whether whoever asks may see what the application said of itself. */
  isTrusted(request: ControlRequest): boolean;
}

/** Of the Unix socket, which only its user can open. */
const socketGate: Gate = {
  isLocal: true,
  refuse(request) {
    const reason = refusal(request);
    return reason === undefined ? undefined : failure(403, reason);
  },
  isTrusted: () => true,
};

/** What a route is answered from. */
interface Asked {
  readonly controls: Controls;
  readonly fields: Fields;
  readonly accept: string | undefined;
  readonly isTrusted: boolean;
  readonly isLocal: boolean;
}

interface Route {
  /** What its query or body may have. */
  readonly fields: readonly string[];
  readonly answer: (asked: Asked) => Answer | Promise<Answer>;
}

type Method = 'GET' | 'POST';

type Methods = Readonly<Partial<Record<Method, Route>>>;

const routes: Readonly<Record<string, Methods>> = {
  '/': { GET: pageFile('/') },
  '/dashboard.css': { GET: pageFile('/dashboard.css') },
  '/dashboard.js': { GET: pageFile('/dashboard.js') },
  '/live': { GET: { fields: [], answer: live } },
  '/status': { GET: { fields: [], answer: currentStatus } },
  '/metrics': { GET: { fields: [], answer: metrics } },
  '/healthz': { GET: { fields: [], answer: () => text(200, 'ok') } },
  '/readyz': { GET: { fields: [], answer: readiness } },
  '/status.schema.json': { GET: { fields: [], answer: schema } },
  '/reload': { POST: { fields: [], answer: async ({ controls }) => outcome(await controls.reload()) } },
  '/scale': {
    POST: {
      fields: ['workers', 'by'],
      answer: async ({ controls, fields }) => outcome(await controls.scale(scaleTarget(fields))),
    },
  },
  '/stop': {
    POST: {
      fields: ['now'],
      answer: async ({ controls, fields }) => outcome(await controls.stop(readBoolean(fields, 'now'))),
    },
  },
  '/hold': {
    POST: {
      fields: ['pid', 'seconds'],
      answer: async ({ controls, fields }) => outcome(await hold(controls, fields)),
    },
  },
  '/upgrade': {
    POST: {
      fields: ['node', 'preferNode'],
      answer: upgrade,
    },
  },
};

/** Answers a request. Never rejects: what the primary throws is a 500. */
export async function answer(request: ControlRequest, controls: Controls, gate: Gate = socketGate): Promise<Answer> {
  try {
    return await dispatch(request, controls, gate);
  } catch (error) {
    if (error instanceof BadRequest) return failure(error.status, error.message);
    return failure(500, error instanceof Error ? error.message : String(error));
  }
}

/** For the cases in which there is no answer of a route. */
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
  if (request.body === undefined) return failure(413, 'the body is longer than 64 KB');
  const fields = readFields(query, request.body, route.fields);
  return route.answer({
    controls,
    fields,
    accept: request.accept,
    isTrusted: gate.isTrusted(request),
    isLocal: gate.isLocal,
  });
}

/** HEAD is GET, of whose answer Node leaves the body out. */
function routeOf(methods: Methods, method: string): Route | undefined {
  const name = method === 'HEAD' ? 'GET' : method;
  return Object.hasOwn(methods, name) ? methods[name as Method] : undefined;
}

/** By hand, as the URL class would resolve `//` and `..`, and throw for some. */
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

/** Loaded when somebody asks for it, which few do. */
async function schema(): Promise<Answer> {
  const { statusSchema } = await import('./status/status-schema.ts');
  return { ...json(200, statusSchema), contentType: 'application/schema+json' };
}

/** 501: prom-client, which writes them, is not installed. */
async function metrics({ controls, accept }: Asked): Promise<Answer> {
  const result = await controls.metrics(accept);
  if (!result.ok) return text(501, result.reason);
  return { status: 200, contentType: result.contentType, body: result.body };
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

/** Server-sent events, on a connection that stays open. */
async function live({ controls, isTrusted }: Asked): Promise<Answer> {
  const dashboard = await controls.dashboard();
  if (dashboard.isFull(isTrusted)) return failure(503, 'as many look as may: close a dashboard');
  const follow = (response: Viewer): void => dashboard.watch(response, isTrusted);
  return { status: 200, contentType: 'text/event-stream', body: '', follow };
}

function scaleTarget(fields: Fields): ScaleTarget {
  const workers = readInteger(fields, 'workers', { min: 1, max: MOST_WORKERS });
  const by = readInteger(fields, 'by', { min: -MOST_WORKERS, max: MOST_WORKERS });
  if (workers !== undefined && by === undefined) return { workers };
  if (by !== undefined && workers === undefined) return { by };
  throw new BadRequest('expected either workers, how many there should be, or by, how many more or fewer');
}

/** Over TCP, whoever has the token decides when, and not what is run: a path could be that of a file which a client had the server keep. */
async function upgrade({ controls, fields, isLocal }: Asked): Promise<Answer> {
  const target = { node: readPath(fields, 'node'), preferNode: readPath(fields, 'preferNode') };
  const hasPath = target.node !== undefined || target.preferNode !== undefined;
  if (hasPath && !isLocal) return failure(403, 'which node runs it is said over the control socket alone');
  return outcome(await controls.upgrade(target));
}

function hold(controls: Controls, fields: Fields): Promise<Outcome> {
  const pid = readInteger(fields, 'pid', { min: 1, max: 2 ** 31 - 1 });
  const seconds = readInteger(fields, 'seconds', { min: 0, max: LONGEST_HOLD });
  if (pid !== undefined && seconds !== undefined) return controls.hold(pid, seconds * 1000);
  throw new BadRequest('expected pid, of a worker, and seconds, for which it may stand still');
}

/** 409: it is understood, and cannot be done as things are. Nothing has changed then. */
function outcome(result: Outcome): Answer {
  return json(result.ok ? 200 : 409, result);
}

function json(status: number, value: object): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

function text(status: number, line: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${line}\n` };
}
