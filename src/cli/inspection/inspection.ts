import { setTimeout as delay } from 'node:timers/promises';
import { findServer, signalWorker, type RunningServer } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';
import { InspectorError } from '../../inspector/error.ts';
import { openInspector } from '../../inspector/open.ts';
import { readStatus } from '../../inspector/process-status.ts';
import type { Session } from '../../inspector/session.ts';
import { complain } from '../print.ts';
import { readableStatus } from '../readable.ts';
import { Hold } from './hold.ts';
import { Interruption } from './interruption.ts';
import { subjectOf, type Subject } from './subject.ts';

/** How long a worker may take to open its inspector, ms: milliseconds, unless it is in native code. */
const OPENING = 5000;

/** A worker that can be looked into now. */
export interface Inspection {
  readonly server: RunningServer;
  readonly subject: Subject;
  readonly session: Session;
  /** Rejects when it is over before it was finished: by a signal (`Interrupted`), or because the worker ends. */
  readonly over: Promise<never>;
}

/** Whoever started the command has ended it. */
export class Interrupted extends PreforkError {}

/**
 * Looks into the worker of a slot: finds it, has the primary spare it, opens its inspector, and leaves nothing open, however
 * it ends. It is done here, from outside, and not by the primary: that stays small, and what this user may do it may.
 *
 * @throws PreforkError `ERR_NOT_DONE` with why not, and all of `findServer`'s and `readableStatus`'s
 */
export async function inspectSlot<Found>(
  name: string | undefined,
  slot: number,
  look: (inspection: Inspection) => Promise<Found>,
): Promise<Found> {
  const server = await findServer(name);
  const subject = subjectOf(await readableStatus(server), slot);
  using interruption = new Interruption();
  const hold = await Hold.take(server, subject.pid);
  try {
    return await withSession(server, subject, interruption.signal, async (session) => {
      const over = ends(subject, session, interruption.signal);
      const found = look({ server, subject, session, over });
      // What was asked of a worker that ends fails in the same moment: its end says more.
      const explained = found.catch((error: unknown) =>
        Promise.race([over, delay(1).then(() => Promise.reject(error))]),
      );
      return await Promise.race([explained, over]);
    });
  } catch (error) {
    if (!(error instanceof InspectorError)) throw error;
    throw notDone(subject, error.message, error);
  } finally {
    await hold.release();
  }
}

/** Waits so many ms, unless it is over before. */
export async function pass(time: number, { over }: Inspection): Promise<void> {
  const enough = new AbortController();
  try {
    await Promise.race([delay(time, undefined, { signal: enough.signal }), over]);
  } finally {
    enough.abort();
  }
}

async function withSession<Found>(
  server: RunningServer,
  subject: Subject,
  interruption: AbortSignal,
  use: (session: Session) => Promise<Found>,
): Promise<Found> {
  await checkProcess(server, subject);
  const session = await openWithin(OPENING, server, subject, interruption);
  complain(openDoor(session));
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/** What is open, and to whom: the command is over as soon as it can be, and then it is closed. */
function openDoor({ target: { host, port, isOurs } }: Session): string {
  const until = isOurs ? 'until this command has ended' : 'also after this command, as it was before';
  return `the worker's inspector is open at ${host}:${port} ${until}: every user of this machine can run code in it`;
}

/** Not by AbortSignal.any: Node 20 may collect a timeout that nothing else holds, and it never comes. */
async function openWithin(
  time: number,
  server: RunningServer,
  { pid }: Subject,
  interruption: AbortSignal,
): Promise<Session> {
  const deadline = new AbortController();
  const abort = (): void => deadline.abort();
  const timer = setTimeout(abort, time);
  interruption.addEventListener('abort', abort);
  if (interruption.aborted) abort();
  try {
    const kill = (target: number, signal: NodeJS.Signals): void => signalWorker(server, target, signal);
    return await openInspector(pid, { signal: deadline.signal, kill });
  } finally {
    clearTimeout(timer);
    interruption.removeEventListener('abort', abort);
  }
}

/** In another container the same pid is another process, or none; and another user's server can name any. */
async function checkProcess({ owner }: RunningServer, { pid, primary }: Subject): Promise<void> {
  if (process.platform !== 'linux') return;
  const { parent, uid } = await readStatus(pid);
  if (parent !== primary) throw new InspectorError('its pid is another process here: run this in its container');
  if (owner !== undefined && uid !== owner.uid) throw new InspectorError('it is no process of the user of the server');
}

/** Node keeps a process that wants to exit until its debuggers are gone: to it that is the end, too. */
function ends(subject: Subject, session: Session, signal: AbortSignal): Promise<never> {
  const gone = Promise.race([session.ended, session.next('NodeRuntime.waitingForDisconnect')]);
  session.call('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true }).catch(() => {});
  const over = new Promise<never>((_, reject) => {
    void gone.then(() => reject(notDone(subject, 'the worker has ended meanwhile')));
    const interrupt = (): void => reject(new Interrupted('ERR_NOT_DONE', `ended by ${String(signal.reason)}`));
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt);
  });
  // Who has finished before does not wait for it.
  over.catch(() => {});
  return over;
}

function notDone({ slot, pid }: Subject, reason: string, cause?: Error): PreforkError {
  return new PreforkError('ERR_NOT_DONE', `slot ${slot} (pid ${pid}): ${reason}`, { cause });
}
