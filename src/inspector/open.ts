import { setTimeout as delay } from 'node:timers/promises';
import { inTime, InspectorError } from './error.ts';
import { getJson, type Endpoint } from './http.ts';
import { listeningOnLoopback, openIn, type ListeningSocket } from './listening.ts';
import { readStatus, whyNotSignalled } from './process-status.ts';
import { Session, type Target } from './session.ts';

export interface InspectorOptions {
  /** Aborts the attempt to open the inspector. */
  readonly signal: AbortSignal;
  /**
   * Sends SIGUSR1, and is awaited. A child's own `kill` is best, because the pid of a child cannot have been reused by another process.
   */
  readonly kill?: (pid: number, signal: 'SIGUSR1') => unknown;
}

/** A UUID, as Node generates one. */
const PATH = /^\/[\w-]{1,100}$/;

/** The time between two checks for the inspector's socket. */
const POLL_MS = 10;

/** After this time the inspector may have been open before, because a loop is interrupted sooner. */
const ALREADY_OPEN_AFTER_MS = 250;

/** The message of the error of one that may open its inspector later. */
export const NOT_OPENED = 'SIGUSR1 opened no inspector in time: it runs native code, or handles SIGUSR1 itself';

/**
 * Opens the inspector of another Node process, even when its event loop does not turn. SIGUSR1 makes Node start its
 * inspector, which runs in a thread of its own. The process should have `process.debugPort = 0`, because only one
 * process can have the default port.
 *
 * The function works on Linux only. The process prints "Debugger listening on ..." to its stderr. A process may handle
 * SIGUSR1 itself; it then gets the signal and opens nothing. A process that is busy in native code opens its inspector
 * when it returns from there, even if no caller waits by then. A worker closes it when the last caller's hold is over.
 *
 * @returns a session, which the caller has to close.
 * @throws InspectorError that says why there is none.
 */
export async function openInspector(
  pid: number,
  { signal, kill = (target, name) => process.kill(target, name) }: InspectorOptions,
): Promise<Session> {
  if (process.platform !== 'linux')
    throw new InspectorError(`this needs /proc, which ${process.platform} does not have`);
  const obstacle = whyNotSignalled(await readStatus(pid));
  if (obstacle !== undefined) throw new InspectorError(obstacle);
  const before = await listeningOnLoopback(pid);
  await kill(pid, 'SIGUSR1');
  return Session.open(await find(pid, before, signal), signal);
}

/**
 * Finds the inspector once it listens. Node ignores the signal when its inspector is open already: the inspector is
 * then one of the old sockets.
 */
async function find(pid: number, before: readonly ListeningSocket[], signal: AbortSignal): Promise<Target> {
  const done = new AbortController();
  const until = AbortSignal.any([signal, done.signal]);
  const opened = appeared(pid, before, until).then((sockets) => firstTarget(sockets, true, until));
  const openBefore = delay(ALREADY_OPEN_AFTER_MS, undefined, { signal: until })
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

/** Waits for sockets of the process that were not there before. */
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
    await delay(POLL_MS, undefined, { signal });
  }
}

/** Finds the inspector among the sockets. The others belong to the application and may not answer. */
function firstTarget(sockets: readonly Endpoint[], isOurs: boolean, signal: AbortSignal): Promise<Target> {
  return Promise.any(sockets.map((endpoint) => targetOf(endpoint, isOurs, signal)));
}

/** Returns the inspector of the main thread. Host and port do not come from the answer, because they are known. */
async function targetOf({ host, port }: Endpoint, isOurs: boolean, signal: AbortSignal): Promise<Target> {
  const targets = await getJson({ host, port }, '/json/list', signal);
  const [first] = Array.isArray(targets) ? (targets as Array<{ webSocketDebuggerUrl?: unknown }>) : [];
  const url = first?.webSocketDebuggerUrl;
  const path = typeof url === 'string' && URL.canParse(url) ? new URL(url).pathname : '';
  if (!PATH.test(path)) throw new InspectorError('no inspector');
  return { host, port, path, isOurs };
}
