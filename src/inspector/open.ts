import { setTimeout as delay } from 'node:timers/promises';
import { inTime, InspectorError } from './error.ts';
import { getJson, type Endpoint } from './http.ts';
import { listeningOnLoopback, openIn, type ListeningSocket } from './listening.ts';
import { readStatus, whyNotSignalled } from './process-status.ts';
import { Session, type Target } from './session.ts';

export interface InspectorOptions {
  /** When it is aborted, what was not reached by then is given up. */
  readonly signal: AbortSignal;
  /** Sends SIGUSR1. A child's own `kill` is best: its pid cannot have become another process's. */
  readonly kill?: (pid: number, signal: 'SIGUSR1') => void;
}

/** A UUID, as Node makes one. */
const PATH = /^\/[\w-]{1,100}$/;

/** Between two looks for the inspector's socket, ms. */
const POLL = 10;

/** From then on it may be that the inspector was open before, ms: a loop is interrupted in less. */
const LATE = 250;

const NOT_OPENED = 'SIGUSR1 opened no inspector in time: it runs native code, or handles SIGUSR1 itself';

/**
 * Opens the inspector of another Node process, also of one whose event loop does not turn: SIGUSR1 makes Node start its
 * inspector, which lives in a thread of its own. The process should have `process.debugPort = 0`, since only one can have
 * the default port.
 *
 * Linux only. The process prints "Debugger listening on ..." to its stderr. One that handles SIGUSR1 itself, as it may,
 * gets the signal and opens nothing; one that is busy in native code opens its inspector when it comes back from there,
 * and if nobody waits any more, it stays open.
 *
 * @returns a session, which the caller has to close.
 * @throws InspectorError that says why it is not to be had.
 */
export async function openInspector(
  pid: number,
  { signal, kill = (target, name) => process.kill(target, name) }: InspectorOptions,
): Promise<Session> {
  if (process.platform !== 'linux') throw new InspectorError(`needs /proc, which ${process.platform} has not`);
  const obstacle = whyNotSignalled(await readStatus(pid));
  if (obstacle !== undefined) throw new InspectorError(obstacle);
  const before = await listeningOnLoopback(pid);
  kill(pid, 'SIGUSR1');
  return Session.open(await find(pid, before, signal), signal);
}

/** The inspector, once it listens. Node does nothing on the signal when it is open already: then it is an old socket. */
async function find(pid: number, before: readonly ListeningSocket[], signal: AbortSignal): Promise<Target> {
  const done = new AbortController();
  const until = AbortSignal.any([signal, done.signal]);
  const opened = appeared(pid, before, until).then((sockets) => firstTarget(sockets, true, until));
  const openBefore = delay(LATE, undefined, { signal: until })
    .then(() => openIn(pid, before))
    .then((sockets) => firstTarget(sockets, false, until));
  try {
    return await inTime(Promise.any([opened, openBefore]), signal, NOT_OPENED);
  } catch (error) {
    throw error instanceof AggregateError ? new InspectorError(NOT_OPENED, { cause: error }) : error;
  } finally {
    done.abort();
  }
}

/** The sockets that the process has and that were not there before. */
async function appeared(
  pid: number,
  before: readonly ListeningSocket[],
  signal: AbortSignal,
): Promise<ListeningSocket[]> {
  const known = new Set(before.map(({ inode }) => inode));
  for (;;) {
    const fresh = (await listeningOnLoopback(pid)).filter(({ inode }) => !known.has(inode));
    const own = await openIn(pid, fresh);
    if (own.length > 0) return own;
    await delay(POLL, undefined, { signal });
  }
}

/** What of the sockets is an inspector: the others are the application's, and may not answer. */
function firstTarget(sockets: readonly Endpoint[], isOurs: boolean, signal: AbortSignal): Promise<Target> {
  return Promise.any(sockets.map((endpoint) => targetOf(endpoint, isOurs, signal)));
}

/** The main thread's. Host and port are not taken from the answer: they are known. */
async function targetOf({ host, port }: Endpoint, isOurs: boolean, signal: AbortSignal): Promise<Target> {
  const targets = await getJson({ host, port }, '/json/list', signal);
  const [first] = Array.isArray(targets) ? (targets as Array<{ webSocketDebuggerUrl?: unknown }>) : [];
  const url = first?.webSocketDebuggerUrl;
  const path = typeof url === 'string' && URL.canParse(url) ? new URL(url).pathname : '';
  if (!PATH.test(path)) throw new InspectorError('no inspector');
  return { host, port, path, isOurs };
}
