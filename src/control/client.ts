/** The commands' view of servers: it finds those that run and sends them requests. */
import { opendirSync } from 'node:fs';
import { PreforkError, UsageError } from '../errors.ts';
import { printable } from '../format/printable.ts';
import type { AskedKind, AskedTargets } from '../contract/operations.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { KeptLines, Status } from './controls.ts';
import { exchange, type Question } from './exchange.ts';
import {
  controlDirectories,
  everyDirectoryOfOthers,
  isFitDirectory,
  othersDirectories,
  type OthersDirectory,
  type Owner,
} from './files/directories.ts';
import { hold } from '../files/hold.ts';
import { kernelMounts } from '../files/mounts.ts';
import { withRightsOf } from './files/identity.ts';
import { nameOfSocket, socketPath } from './files/place.ts';
import { connectTo, probe } from './files/probe.ts';
import { isPid, signalAs } from './files/signalling.ts';
import { jsonExcess } from '../sockets/json-excess.ts';
import { systemCode } from '../contract/system-code.ts';
import { messageOf } from '../contract/message-of.ts';
import { fieldsOf } from '../contract/fields.ts';

export { connectTo };

/** A running server, identified by its control socket. */
export interface RunningServer {
  readonly name: string;
  readonly path: string;
  /** Set only for root, when the server runs as another user, which may be hostile: see `withRightsOf`. */
  readonly owner?: Owner;
}

/** Another user, and the mounts on which that user's files may be. */
interface Other {
  readonly owner: Owner;
  /** @default they are read for each file */
  readonly mounts: ReadonlySet<string> | undefined;
}

/** The body of each request, by its path: an operation of contract/operations.ts, or one of the others. */
export type Operations = { readonly [Kind in AskedKind as `/${Kind}`]: AskedTargets[Kind] } & {
  readonly '/stop': { readonly now: boolean };
  readonly '/hold': {
    readonly pid: number;
    readonly seconds: number;
    readonly closesInspector: boolean;
    readonly holder: string;
  };
};

/** The time limit of requests that a server answers at once, unless it is stopped (SIGSTOP) or stuck. */
const STATUS_TIMEOUT_MS = 5000;

/**
 * How often an operation is sent again because another primary has taken over. Each repetition takes a whole upgrade.
 */
const MOST_ATTEMPTS = 10;

/**
 * The number of another user's servers that are looked for. Each takes a connection, and that user can create files
 * without end.
 */
const MOST_OF_OTHERS = 256;

/** The number of files of another user's directory that are looked at to find sockets. */
const MOST_FILES_OF_OTHERS = 4096;

/**
 * The length of an answer of another user's server, in characters. The status of a thousand workers is shorter. Of many that answer at
 * once, each keeps the others waiting while it is read.
 */
const LONGEST_OF_OTHERS = 1_572_864;

/** A longer answer may have only one value in `SPARSE` characters, and an answer has some hundred keys that differ. */
const LONG_ANSWER = 65_536;
const SPARSE = 6;
const MOST_KEYS = 2048;
/** An answer is walked through before it is shown, which takes a part of the stack for each level. */
const MOST_LEVELS = 1000;

/** The length of a reason that a server gives, in characters. */
const LONGEST_REASON = 200;

/** The number of servers whose particulars are told. Another user can have hundreds, each of which answers megabytes. */
const MOST_PARTICULARS = 16;
/** Their length, in characters. */
const LONGEST_PARTICULARS = 1000;

/** A server that starts does not wait longer than this for the particulars of another one. */
const PARTICULARS_TIMEOUT_MS = 1000;

/**
 * Finds the server that a command means.
 *
 * @param name the server's name; undefined when there should be only one.
 * @throws PreforkError `ERR_NOT_RUNNING`, or `ERR_CONTROL_SOCKET` when it cannot be found out whether one runs.
 * @throws UsageError when the command could mean several.
 */
export async function findServer(name: string | undefined, directories?: readonly string[]): Promise<RunningServer> {
  const running = await runningServers(directories, name);
  const [first, ...others] = running;
  if (first === undefined)
    throw await notRunningBeside(name, name === undefined ? [] : await runningServers(directories));
  // A name means this user's own server before any other user's.
  if (others.length === 0 || (name !== undefined && first.owner === undefined)) return first;
  if (name === undefined) throw new UsageError(`several servers run: choose one by --name: ${await listOf(running)}`);
  const list = await listOf([first, ...others]);
  throw new UsageError(`several users run a server named ${name}: run the command as one of them: ${list}`);
}

/**
 * Lists this user's servers, sorted by name. Root also gets those of the users that it started servers as. If one user
 * has servers of one name in different directories, the first one found counts.
 *
 * @param directories the directories of this user alone. @default all that there are
 * @param name the only name that is wanted. @default all names, but a bounded number of another user's
 */
export async function runningServers(directories?: readonly string[], name?: string): Promise<RunningServer[]> {
  const others = directories === undefined ? othersDirectories() : [];
  return serversOf(directories ?? controlDirectories(), others, (directory, other) => liveIn(directory, other, name));
}

/**
 * Lists every server: for root also those that other users have started by themselves, in their own directories. A
 * command that changes something does not look there, so that no user can put a server in another one's way.
 *
 * Whether they run has not been asked: of one that has ended, and left its socket, `readStatus` says so. Two of one user may have the same
 * name, in different directories.
 */
export function everyServer(): Promise<RunningServer[]> {
  return serversOf(
    controlDirectories(),
    everyDirectoryOfOthers(),
    async (directory, other) => socketsIn(directory, other),
    false,
  );
}

async function serversOf(
  directories: readonly string[],
  others: readonly OthersDirectory[],
  lookInto: (directory: string, other?: Other) => Promise<RunningServer[]>,
  isFirstAlone = true,
): Promise<RunningServer[]> {
  const unfit: unknown[] = [];
  const found: RunningServer[] = [];
  for (const directory of directories) {
    try {
      if (!isFitDirectory(directory)) continue;
      for (const server of await lookInto(directory)) {
        if (!isFirstAlone || !found.some(({ name }) => name === server.name)) found.push(server);
      }
    } catch (error) {
      unfit.push(error);
    }
  }
  // The list of mounts may have thousands of lines, and is read once for all of them.
  const mounts = others.length === 0 ? undefined : kernelMounts();
  const ofOthers = await Promise.all(others.map(({ path, owner }) => lookInto(path, { owner, mounts })));
  if (found.length === 0 && ofOthers.flat().length === 0 && unfit.length > 0) throw unfit[0];
  return [...found.toSorted(byName), ...ofOthers.flat().toSorted(byOwner)];
}

function byOwner(one: RunningServer, other: RunningServer): number {
  return one.owner!.uid - other.owner!.uid || byName(one, other);
}

function byName(one: RunningServer, other: RunningServer): number {
  return one.name === other.name ? 0 : one.name < other.name ? -1 : 1;
}

/**
 * Finds the server that has the name now. After an upgrade or a restart its socket may be in the other directory.
 *
 * @throws PreforkError `ERR_NOT_RUNNING`, also when only another user has a server of that name by now.
 */
export async function findAgain({ name, owner }: RunningServer): Promise<RunningServer> {
  const servers = await runningServers(undefined, name);
  const same = servers.find((server) => server.owner?.uid === owner?.uid);
  if (same === undefined) throw notRunning(name);
  return same;
}

/** Tells whether the server still runs. */
export async function isRunning({ path, owner }: RunningServer): Promise<boolean> {
  return (await probe(path, owner)) === 'live';
}

/** Tells whether a server that is gone has left its socket behind, as one does that was killed. */
export async function wasKilled({ path, owner }: RunningServer): Promise<boolean> {
  return (await probe(path, owner)) === 'dead';
}

/**
 * Signals a process of which the server says that it is its worker. That may be a lie, but the signal reaches no further
 * than the server's user can.
 *
 * @throws Error when the process may not be signalled, or is gone.
 */
export function signalWorker({ owner }: RunningServer, pid: number, signal: NodeJS.Signals): Promise<void> {
  return signalAs(owner, pid, signal);
}

/**
 * Asks for the status.
 *
 * @throws PreforkError `ERR_NOT_RUNNING`, or `ERR_NO_ANSWER`
 */
export async function readStatus(server: RunningServer, patience: number = STATUS_TIMEOUT_MS): Promise<Status> {
  const answer = await ask(server, { method: 'GET', path: '/status', patience });
  const { ok, reason, pid } = fieldsOf(answer);
  if (ok === false) throw noAnswer(server, `cannot tell its status: ${shortened(String(reason))}`);
  // Commands wait for the end of this process, and look it up in /proc.
  if (pid !== undefined && !isPid(pid)) throw noAnswer(server, 'gave an answer that is not a status');
  return answer as Status;
}

/** Another user's server may send megabytes of lines. A copy is made, since a slice would keep the whole text. */
function shortened(text: string, longest: number = LONGEST_REASON): string {
  return printable(Buffer.from(text.slice(0, longest)).toString());
}

/**
 * Asks for the last lines: see `Controls.logs`.
 *
 * @throws PreforkError `ERR_NOT_RUNNING`, or `ERR_NO_ANSWER`
 */
export async function readLines(server: RunningServer, after: number, worker?: number): Promise<KeptLines> {
  const which = worker === undefined ? '' : `&worker=${worker}`;
  const path = `/logs?after=${after}${which}`;
  const answer = (await ask(server, { method: 'GET', path, patience: STATUS_TIMEOUT_MS })) as Partial<KeptLines>;
  const { lines, next, dropped } = answer;
  if (Array.isArray(lines) && lines.every(isLine) && Number.isSafeInteger(next) && Number.isSafeInteger(dropped)) {
    return answer as KeptLines;
  }
  throw noAnswer(server, 'keeps no lines that this prefork can read');
}

function isLine(line: unknown): boolean {
  const { at, worker, text } = (line ?? {}) as Readonly<Record<string, unknown>>;
  const isSource = worker === null || worker === 'spare' || worker === 'primary' || Number.isSafeInteger(worker);
  return typeof at === 'string' && typeof text === 'string' && isSource;
}

/**
 * Describes what tells a server from others of the same entry, such as `pid 4711, /srv/shop, 127.0.0.1:8080`. The text
 * has as much of this as the server says in time.
 */
export async function particulars(server: RunningServer): Promise<string> {
  const user = server.owner === undefined ? [] : [`uid ${server.owner.uid}`];
  try {
    const { pid, directory, addresses } = await readStatus(server, PARTICULARS_TIMEOUT_MS);
    // An older version does not say where it was started.
    const all = [...user, `pid ${pid}`, ...(directory ? [directory] : []), ...addresses].join(', ');
    return shortened(all, LONGEST_PARTICULARS);
  } catch {
    return user.join(', ');
  }
}

/**
 * Asks the server for an operation, and waits until it is done or has failed.
 *
 * @param patience how long all answers together may take in ms; 0 waits as long as the server runs.
 * @throws PreforkError `ERR_NOT_RUNNING`, or `ERR_NO_ANSWER` when the server ended meanwhile.
 */
export async function operate<Path extends keyof Operations>(
  server: RunningServer,
  path: Path,
  body: Operations[Path],
  patience = 0,
): Promise<Outcome> {
  const end = performance.now() + patience;
  for (let attempt = 1; ; attempt++) {
    const left = patience === 0 ? 0 : Math.max(1, end - performance.now());
    const answer = await ask(server, { method: 'POST', path, body, patience: left });
    if (!isOutcome(answer)) break;
    // The new primary has the name by now.
    if (answer.ok || answer.again !== true || attempt === MOST_ATTEMPTS) return answer;
  }
  throw noAnswer(server, `gave an answer to ${path} that is not an outcome`);
}

function isOutcome(answer: object): answer is Outcome {
  const { ok, reason, stderr = '', generation, took } = fieldsOf(answer);
  if (ok === true) return Number.isFinite(generation) && Number.isFinite(took);
  return ok === false && typeof reason === 'string' && typeof stderr === 'string';
}

/** Lists the servers that run. @param wanted the only name */
async function liveIn(directory: string, other: Other | undefined, wanted?: string): Promise<RunningServer[]> {
  const servers = socketsIn(directory, other, wanted);
  const states = await Promise.all(servers.map(({ path }) => probe(path, other?.owner, other?.mounts)));
  return servers.filter((_, index) => states[index] === 'live');
}

/** Lists the sockets, including those of servers that have ended. */
function socketsIn(directory: string, other?: Other, wanted?: string): RunningServer[] {
  const names = other === undefined ? namesIn(directory, wanted) : namesOfOther(directory, other, wanted);
  return names.map((name) => ({ name, path: socketPath(directory, name), ...(other && { owner: other.owner }) }));
}

/** Lists the names of sockets in another user's directory. That user may have filled it, or replaced it by a link. */
function namesOfOther(path: string, { owner, mounts }: Other, wanted: string | undefined): string[] {
  try {
    const names = (held: string): string[] => namesIn(held, wanted, MOST_OF_OTHERS, MOST_FILES_OF_OTHERS);
    return hold(path, (held) => withRightsOf(owner, () => names(held.path)), mounts) ?? [];
  } catch {
    return [];
  }
}

/** Reads the directory entry by entry, as far as the limits allow. */
function namesIn(path: string, wanted: string | undefined, most = Infinity, mostFiles = Infinity): string[] {
  const names: string[] = [];
  const directory = opendirSync(path);
  try {
    for (let seen = 0; seen < mostFiles && names.length < most; seen++) {
      const entry = directory.readSync();
      if (entry === null) break;
      const name = nameOfSocket(entry.name);
      if (name !== undefined && (wanted === undefined || name === wanted)) names.push(name);
    }
  } finally {
    directory.closeSync();
  }
  return names;
}

/** Returns what the server answered, whatever its status, because a failure explains itself. */
async function ask(server: RunningServer, question: Question): Promise<object> {
  let text: string;
  try {
    const longest = server.owner === undefined ? undefined : LONGEST_OF_OTHERS;
    text = await exchange(connectTo(server.path, server.owner), question, longest);
  } catch (error) {
    throw explain(server, error);
  }
  if (server.owner !== undefined) await ownTurn();
  const values = text.length > LONG_ANSWER ? text.length / SPARSE : Infinity;
  const excess = jsonExcess(Buffer.from(text), { values, keys: MOST_KEYS, levels: MOST_LEVELS });
  if (excess !== undefined) throw noAnswer(server, `gave an answer to ${question.path} that has too many ${excess}`);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // The error below says so.
  }
  throw noAnswer(server, `gave an answer to ${question.path} that is not JSON`);
}

let lastTurn: Promise<void> = Promise.resolve();

/**
 * Waits for a turn of the event loop in which no other answer is parsed. Where many of one user's servers answer at once, the answers of
 * other users are so read in between, and in time.
 */
function ownTurn(): Promise<void> {
  lastTurn = lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
  return lastTurn;
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
      return noAnswer(server, `could not be asked: ${messageOf(error)}`, error);
  }
}

function noAnswer({ name }: RunningServer, what: string, cause?: unknown): PreforkError {
  return new PreforkError('ERR_NO_ANSWER', `${name} ${what}`, { cause });
}

function notRunning(name: string | undefined, others = ''): PreforkError {
  const which = name === undefined ? 'no server of this user is running' : `no server named ${name} is running`;
  return new PreforkError('ERR_NOT_RUNNING', `${which}${others}`);
}

async function notRunningBeside(name: string | undefined, others: readonly RunningServer[]): Promise<PreforkError> {
  return notRunning(name, others.length === 0 ? '' : `; there is ${await listOf(others)}`);
}

/** Lists servers as `api (pid 4711, /srv/api, 127.0.0.1:8080), web (...)`. */
async function listOf(servers: readonly RunningServer[]): Promise<string> {
  const list = servers.map(async (server, at) => {
    const what = at < MOST_PARTICULARS ? await particulars(server) : '';
    return what === '' ? server.name : `${server.name} (${what})`;
  });
  return (await Promise.all(list)).join(', ');
}
