import { setTimeout as delay } from 'node:timers/promises';
import { findServer, signalWorker, type RunningServer } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';
import { InspectorError } from '../../inspector/error.ts';
import { NOT_OPENED, openInspector } from '../../inspector/open.ts';
import { readStatus } from '../../inspector/process-status.ts';
import type { Session } from '../../inspector/session.ts';
import { complain } from '../print.ts';
import { readableStatus } from '../readable.ts';
import { Hold } from './hold.ts';
import { Interruption } from './interruption.ts';
import { subjectOf, type Subject } from './subject.ts';

/** How long a worker may take to open its inspector. Milliseconds suffice unless the worker runs native code. */
const OPEN_TIMEOUT_MS = 5000;

/** A worker that is ready to be inspected. */
export interface Inspection {
  readonly server: RunningServer;
  readonly subject: Subject;
  readonly session: Session;
  /** Rejects when the inspection ends early: with `Interrupted` after a signal, or because the worker ends. */
  readonly over: Promise<never>;
}

/** The user has interrupted the command. */
export class Interrupted extends PreforkError {}

/**
 * Inspects the worker of a slot. The function finds the worker, asks the primary to spare it, opens its inspector, and
 * leaves nothing open, however the inspection ends. The command does this from outside and not the primary: so the
 * primary stays small, and the rights are those of this user.
 *
 * @throws PreforkError `ERR_NOT_DONE` with the reason, and what `findServer` and `readableStatus` throw
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
      if (session.target.isOurs) await hold.closeInspector();
      const over = ends(subject, session, interruption.signal);
      const found = look({ server, subject, session, over });
      // A request to a worker that ends fails at that very moment. The end of the worker is the better explanation.
      const explained = found.catch((error: unknown) =>
        Promise.race([over, delay(1).then(() => Promise.reject(error))]),
      );
      return await Promise.race([explained, over]);
    });
  } catch (error) {
    if (!(error instanceof InspectorError)) throw error;
    // The worker may open it later. One that was open before would have been found.
    if (error.message === NOT_OPENED) await hold.closeInspector();
    throw notDone(subject, error.message, error);
  } finally {
    await hold.release();
  }
}

/** Waits for `time` ms, or until the inspection is over. */
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
  const session = await openWithin(OPEN_TIMEOUT_MS, server, subject, interruption);
  complain(openDoor(session));
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/** Warns what is open, and to which users. The command ends as soon as it can and closes the inspector then. */
function openDoor({ target: { host, port, isOurs } }: Session): string {
  const until = isOurs ? 'until this command has ended' : 'and may stay open after this command, as it was before';
  return `the worker's inspector is open at ${host}:${port} ${until}: every user of this machine can run code in it`;
}

/** AbortSignal.any would not do: Node 20 may collect a timeout that nothing else refers to, and then it never fires. */
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
    const kill = (target: number, signal: NodeJS.Signals): Promise<void> => signalWorker(server, target, signal);
    return await openInspector(pid, { signal: deadline.signal, kill });
  } finally {
    clearTimeout(timer);
    interruption.removeEventListener('abort', abort);
  }
}

/**
 * Makes sure that the pid means the same process here. In another container it may be another process, or none. The
 * server of another user can name any pid.
 */
async function checkProcess({ owner }: RunningServer, { pid, primary }: Subject): Promise<void> {
  if (process.platform !== 'linux') return;
  const { parent, uid } = await readStatus(pid);
  if (parent !== primary)
    throw new InspectorError('its pid belongs to another process here: run this command in its container');
  if (owner !== undefined && uid !== owner.uid)
    throw new InspectorError('the process does not belong to the user of the server');
}

/**
 * Rejects when the worker ends. Node keeps an exiting process alive until its debuggers detach, so the wish to exit
 * counts as the end too.
 */
function ends(subject: Subject, session: Session, signal: AbortSignal): Promise<never> {
  const gone = Promise.race([session.ended, session.next('NodeRuntime.waitingForDisconnect')]);
  session.call('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true }).catch(() => {});
  const over = new Promise<never>((_, reject) => {
    void gone.then(() => reject(notDone(subject, 'the worker has ended meanwhile')));
    const interrupt = (): void => reject(new Interrupted('ERR_NOT_DONE', `ended by ${String(signal.reason)}`));
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt);
  });
  // A caller that has finished before does not wait for this promise.
  over.catch(() => {});
  return over;
}

function notDone({ slot, pid }: Subject, reason: string, cause?: Error): PreforkError {
  return new PreforkError('ERR_NOT_DONE', `slot ${slot} (pid ${pid}): ${reason}`, { cause });
}
