/** What the commands know of servers: which run, and how to ask one. */
import { opendirSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { PreforkError, UsageError } from '../errors.ts';
import { printable } from '../format/printable.ts';
import type { Outcome, ScaleTarget } from '../contract/outcome.ts';
import type { Status, UpgradeTarget } from './controls.ts';
import { controlDirectories, isFitDirectory, othersDirectories, type Owner } from './files/directories.ts';
import { nameOfSocket, socketPath } from './files/place.ts';
import { connectTo, probe } from './files/probe.ts';
import { signalAs } from './files/signalling.ts';
import { systemCode } from '../contract/system-code.ts';

export { connectTo };

/** A server that runs, by its control socket. */
export interface RunningServer {
  readonly name: string;
  readonly path: string;
  /** Set for root, and where the server runs as another user: who may be hostile, see `withRightsOf`. */
  readonly owner?: Owner;
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

/** Characters: the status of a thousand workers has fewer. Read as JSON, a character can cost fifty bytes. */
const LONGEST_ANSWER = 4_194_304;

/** Of an operation that another primary has to do by now: each takes a whole upgrade. */
const MOST_ATTEMPTS = 10;

/** Servers of another user that are looked for: each takes a connection, and that user can make files without end. */
const MOST_OF_OTHERS = 256;

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
  const running = await runningServers(directories, name);
  const [first, ...others] = running;
  if (first === undefined)
    throw await notRunningBeside(name, name === undefined ? [] : await runningServers(directories));
  // Of one name, this user's own is meant before any other's.
  if (others.length === 0 || (name !== undefined && first.owner === undefined)) return first;
  if (name === undefined) throw new UsageError(`several servers run: choose one by --name: ${await listOf(running)}`);
  const list = await listOf([first, ...others]);
  throw new UsageError(`several users have a server of the name ${name}: run this as one of them: ${list}`);
}

/**
 * All of this user's, sorted by name, and for root then those of the users that it started servers as. Of two of one name
 * in different directories of one user, the one that is found first.
 *
 * @param directories of this user alone. @default all that there are
 * @param name of the only ones that are wanted. @default all, and of another user's a bounded number
 */
export async function runningServers(directories?: readonly string[], name?: string): Promise<RunningServer[]> {
  const unfit: unknown[] = [];
  const found = new Map<string, RunningServer>();
  for (const directory of directories ?? controlDirectories()) {
    try {
      if (!isFitDirectory(directory)) continue;
      for (const server of await serversIn(directory, undefined, name))
        if (!found.has(server.name)) found.set(server.name, server);
    } catch (error) {
      unfit.push(error);
    }
  }
  const others = directories === undefined ? othersDirectories() : [];
  const ofOthers = await Promise.all(others.map(({ path, owner }) => serversIn(path, owner, name)));
  if (found.size === 0 && ofOthers.flat().length === 0 && unfit.length > 0) throw unfit[0];
  return [...[...found.values()].toSorted(byName), ...ofOthers.flat().toSorted(byName)];
}

function byName(one: RunningServer, other: RunningServer): number {
  return one.name < other.name ? -1 : 1;
}

/**
 * The server that has its name now: an upgrade, or a restart, is found in the other directory perhaps.
 *
 * @throws PreforkError `ERR_NOT_RUNNING`; also when another user has a server of that name by now, which was not meant.
 */
export async function findAgain({ name, owner }: RunningServer): Promise<RunningServer> {
  const servers = await runningServers(undefined, name);
  const same = servers.find((server) => server.owner?.uid === owner?.uid);
  if (same === undefined) throw notRunning(name);
  return same;
}

/** Whether it still does. */
export async function isRunning({ path, owner }: RunningServer): Promise<boolean> {
  return (await probe(path, owner)) === 'live';
}

/** Signals a process that the server says is its worker; it can lie, and reaches no further than its user can. */
export function signalWorker({ owner }: RunningServer, pid: number, signal: NodeJS.Signals): void {
  signalAs(owner, pid, signal);
}

/** @throws PreforkError `ERR_NOT_RUNNING`, or `ERR_NO_ANSWER` */
export async function readStatus(server: RunningServer, patience: number = PATIENCE): Promise<Status> {
  const answer = await ask(server, { method: 'GET', path: '/status', patience });
  const { ok, reason } = answer as { ok?: boolean; reason?: string };
  if (ok === false) throw noAnswer(server, `cannot tell its status: ${reason}`);
  return answer as Status;
}

/**
 * What tells a server from others of the same entry: `pid 4711, /srv/shop, 127.0.0.1:8080`; as much of it as it says in
 * time.
 */
export async function particulars(server: RunningServer): Promise<string> {
  const user = server.owner === undefined ? [] : [`uid ${server.owner.uid}`];
  try {
    const { pid, directory, addresses } = await readStatus(server, LITTLE_PATIENCE);
    // One of an older version does not say where it was started.
    return printable([...user, `pid ${pid}`, ...(directory ? [directory] : []), ...addresses].join(', '));
  } catch {
    return user.join(', ');
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
    const answer = await ask(server, { method: 'POST', path, body });
    if (!isOutcome(answer)) break;
    // The new primary has the name by now.
    if (answer.ok || answer.again !== true || attempt === MOST_ATTEMPTS) return answer;
  }
  throw noAnswer(server, `gave an answer to ${path} that is none`);
}

function isOutcome(answer: object): answer is Outcome {
  const { ok, reason, stderr = '', generation, took } = answer as Readonly<Record<string, unknown>>;
  if (ok === true) return Number.isFinite(generation) && Number.isFinite(took);
  return ok === false && typeof reason === 'string' && typeof stderr === 'string';
}

async function serversIn(
  directory: string,
  owner: Owner | undefined,
  wanted: string | undefined,
): Promise<RunningServer[]> {
  const names = namesIn(directory, wanted, owner === undefined ? Infinity : MOST_OF_OTHERS);
  const servers = names.map((name) => ({ name, path: socketPath(directory, name), ...(owner && { owner }) }));
  const states = await Promise.all(servers.map(({ path }) => probe(path, owner)));
  return servers.filter((_, index) => states[index] === 'live');
}

/** Not read at once: another user may have filled the directory. */
function namesIn(path: string, wanted: string | undefined, most: number): string[] {
  const names: string[] = [];
  const directory = opendirSync(path);
  try {
    for (let entry = directory.readSync(); entry !== null && names.length < most; entry = directory.readSync()) {
      const name = nameOfSocket(entry.name);
      if (name !== undefined && (wanted === undefined || name === wanted)) names.push(name);
    }
  } finally {
    directory.closeSync();
  }
  return names;
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
    // The time-out of a request is left to the agent's sockets, and this one is not.
    const createConnection = (): Socket => connectTo(server.path, server.owner).setTimeout(patience);
    const outgoing = request({ createConnection, method, path, headers, timeout: patience });
    outgoing.once('timeout', () => outgoing.destroy(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' })));
    outgoing.once('error', reject).once('response', (response) => readAll(response).then(resolve, reject));
    outgoing.end(content);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > LONGEST_ANSWER) throw new Error('its answer does not end');
  }
  return text;
}

function explain(server: RunningServer, error: unknown): PreforkError {
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return notRunning(server.name);
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

function notRunning(name: string | undefined, others = ''): PreforkError {
  const which = name === undefined ? 'no server of this user runs' : `no server runs under the name ${name}`;
  return new PreforkError('ERR_NOT_RUNNING', `${which}${others}`);
}

async function notRunningBeside(name: string | undefined, others: readonly RunningServer[]): Promise<PreforkError> {
  return notRunning(name, others.length === 0 ? '' : `; there is ${await listOf(others)}`);
}

/** `api (pid 4711, /srv/api, 127.0.0.1:8080), web (...)` */
async function listOf(servers: readonly RunningServer[]): Promise<string> {
  const list = servers.map(async (server) => {
    const what = await particulars(server);
    return what === '' ? server.name : `${server.name} (${what})`;
  });
  return (await Promise.all(list)).join(', ');
}
