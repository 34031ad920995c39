/** What the commands know of servers: which run, and how to ask one. */
import { readdirSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { PreforkError, UsageError } from '../errors.ts';
import type { Outcome, ScaleTarget, Status, UpgradeTarget } from './controls.ts';
import { controlDirectories, isFitDirectory, nameOfSocket, socketPath } from './place.ts';
import { probe } from './probe.ts';
import { systemCode } from './system-code.ts';

/** A server that runs, by its control socket. */
export interface RunningServer {
  readonly name: string;
  readonly path: string;
}

/** What an operation is told, by its path. */
export interface Operations {
  readonly '/reload': object;
  readonly '/scale': ScaleTarget;
  readonly '/stop': { readonly now: boolean };
  readonly '/hold': { readonly pid: number; readonly seconds: number };
  readonly '/upgrade': UpgradeTarget;
}

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  /** Longest silence, ms. Without it, waits for as long as the server runs. */
  readonly patience?: number;
}

/** For what a server answers at once, unless it is stopped (SIGSTOP) or stuck. */
const PATIENCE = 5000;

/** Of an operation that another primary has to do by now: each takes a whole upgrade. */
const MOST_ATTEMPTS = 10;

/** A server that starts is not made to wait longer for the pid of another one. */
const LITTLE_PATIENCE = 1000;

/**
 * The one server that is meant.
 *
 * @param name undefined: there should be only one.
 * @throws PreforkError `ERR_NOT_RUNNING`, or `ERR_CONTROL_SOCKET` when it cannot be seen whether one runs.
 * @throws UsageError when several could be meant.
 */
export async function findServer(name: string | undefined, directories?: readonly string[]): Promise<RunningServer> {
  const running = await runningServers(directories);
  const [first, ...others] = name === undefined ? running : running.filter((server) => server.name === name);
  if (first === undefined) throw notRunning(name, running);
  if (name === undefined && others.length > 0) {
    throw new UsageError(`several servers run: choose one of them by --name ${running.map(nameOf).join(' | ')}`);
  }
  return first;
}

/** All of this user's, sorted by name. Of two of one name in different directories, the one that is found first. */
export async function runningServers(directories: readonly string[] = controlDirectories()): Promise<RunningServer[]> {
  const unfit: unknown[] = [];
  const found = new Map<string, RunningServer>();
  for (const directory of directories) {
    try {
      for (const server of await serversIn(directory)) if (!found.has(server.name)) found.set(server.name, server);
    } catch (error) {
      unfit.push(error);
    }
  }
  if (found.size === 0 && unfit.length > 0) throw unfit[0];
  return [...found.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Whether it still does. */
export async function isRunning({ path }: RunningServer): Promise<boolean> {
  return (await probe(path)) === 'live';
}

/** @throws PreforkError `ERR_NOT_RUNNING`, or `ERR_NO_ANSWER` */
export async function readStatus(server: RunningServer, patience: number = PATIENCE): Promise<Status> {
  const answer = await ask(server, { method: 'GET', path: '/status', patience });
  const { ok, reason } = answer as { ok?: boolean; reason?: string };
  if (ok === false) throw noAnswer(server, `cannot tell its status: ${reason}`);
  return answer as Status;
}

/** The primary's pid; undefined when it does not say. */
export async function pidOf(server: RunningServer): Promise<number | undefined> {
  try {
    return (await readStatus(server, LITTLE_PATIENCE)).pid;
  } catch {
    return undefined;
  }
}

/**
 * Has the server do something, and waits until it is done or has failed.
 *
 * @throws PreforkError `ERR_NOT_RUNNING`, or `ERR_NO_ANSWER` when the server ended meanwhile.
 */
export async function operate<Path extends keyof Operations>(
  server: RunningServer,
  path: Path,
  body: Operations[Path],
): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    const answer = (await ask(server, { method: 'POST', path, body })) as Outcome;
    if (typeof answer.ok !== 'boolean') break;
    // The new primary has the name by now.
    if (answer.ok || answer.again !== true || attempt === MOST_ATTEMPTS) return answer;
  }
  throw noAnswer(server, `gave an answer to ${path} that is none`);
}

async function serversIn(directory: string): Promise<RunningServer[]> {
  if (!isFitDirectory(directory)) return [];
  const names = readdirSync(directory).flatMap((fileName) => nameOfSocket(fileName) ?? []);
  const servers = names.map((name) => ({ name, path: socketPath(directory, name) }));
  const states = await Promise.all(servers.map(({ path }) => probe(path)));
  return servers.filter((_, index) => states[index] === 'live');
}

/** What the server answered, whatever its status: all that is not a result says so itself. */
async function ask(server: RunningServer, question: Question): Promise<object> {
  let text: string;
  try {
    text = await exchange(server, question);
  } catch (error) {
    throw explain(server, error);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw noAnswer(server, `gave an answer to ${question.path} that is not JSON`);
}

function exchange(server: RunningServer, { method, path, body, patience = 0 }: Question): Promise<string> {
  // Loaded for this alone: what only lists servers or prints help does without.
  const { request } = process.getBuiltinModule('node:http');
  const content = body === undefined ? '' : JSON.stringify(body);
  const headers = { host: 'localhost', 'content-length': Buffer.byteLength(content) };
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: server.path, method, path, headers, agent: false, timeout: patience });
    outgoing.once('timeout', () => outgoing.destroy(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' })));
    outgoing.once('error', reject).once('response', (response) => readAll(response).then(resolve, reject));
    outgoing.end(content);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text;
}

function explain(server: RunningServer, error: unknown): PreforkError {
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return notRunning(server.name, []);
    case 'ETIMEDOUT':
      return noAnswer(server, 'does not answer: is it stopped, or stuck?', error);
    case 'ECONNRESET':
    case 'EPIPE':
      return noAnswer(server, 'ended before it answered', error);
    default:
      return noAnswer(server, `could not be asked: ${(error as Error).message}`, error);
  }
}

function noAnswer({ name }: RunningServer, what: string, cause?: unknown): PreforkError {
  return new PreforkError('ERR_NO_ANSWER', `${name} ${what}`, { cause });
}

function notRunning(name: string | undefined, running: readonly RunningServer[]): PreforkError {
  const which = name === undefined ? 'no server of this user runs' : `no server runs under the name ${name}`;
  const others = running.length === 0 ? '' : `; there is ${running.map(nameOf).join(', ')}`;
  return new PreforkError('ERR_NOT_RUNNING', `${which}${others}`);
}

function nameOf({ name }: RunningServer): string {
  return name;
}
