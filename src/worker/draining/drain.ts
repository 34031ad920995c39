import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { DrainTerms, Successor } from '../../ipc/messages.ts';
import type { DrainMoves } from '../migration/drain-moves.ts';
import type { IdleConnections } from './idle-connections.ts';
import type { OneShotHooks } from './one-shot-hooks.ts';
import type { Leaving, Requests } from './requests.ts';
import type { Servers } from '../listening/servers.ts';
import type { SlotHandle } from '../listening/slot-handle.ts';
import { Spread } from './spread.ts';
import { standIn } from '../listening/stand-in.ts';

/** How often a drain looks whether it is over. */
const POLL_MS = 25;

/** How often a drain looks which connections are idle. */
const IDLE_POLL_MS = 100;

/** A look takes 0.5 ms with 1000 connections. After it there is none for so many times as long, see {@link pauseAfter}. */
const LOOK_SHARE = 20;

/** The number of looks at idle connections within the idle time. */
const IDLE_LOOKS = 20;

/** Where prefork does not count what is accepted, a queue gets so many turns of the event loop to be emptied. */
const UNCOUNTED_TURNS = 10;

/** How long a process does nothing, so that the queues fill. */
const PAUSE_MS = 3;
/** How often it does that with a queue into which no client comes. */
const PAUSES = 4;

/**
 * Clients that came at the same time to a queue with one place may all believe that they are connected (SYN cookies, tcp(7)).
 * One of them has the place. The kernel takes the others when they send again what they have sent, which is 200 ms later.
 */
const HALF_OPEN_MS = 250;

/** Connections that still move at the end of the idle time have so much of that time more. */
const MORE_TO_MOVE = 0.5;

/** Where closing begins late it still has so much of its time. */
const LEAST_SPREAD = 0.5;

/** A thread that waits for this is never notified: it sleeps until its time is over. */
const never = new Int32Array(new SharedArrayBuffer(4));

/** What a drain needs of {@link DrainMoves}. */
export type Moves = Leaving &
  Pick<DrainMoves, 'begin' | 'redirect' | 'look' | 'stop' | 'whenGivenUp' | 'isProgressing'>;

export interface DrainParts {
  /** Functions of the application's, and of the parts of a worker that have to know that it drains. */
  readonly hooks: OneShotHooks;
  readonly servers: Servers;
  readonly requests: Requests;
  readonly idle: IdleConnections;
  /** How many connections are not served yet: they are on their way to or from another worker, or wait. @default none */
  readonly unsettled?: () => number;
  /** Undefined where no connection moves. */
  readonly moves?: Moves | undefined;
  /** What a parked worker does with its connections, until it drains. @default nothing */
  readonly shedding?: { end(): void } | undefined;
}

/**
 * Lets the worker finish: nothing new is accepted, also at servers that listen only from now on (see listen.ts). Where the
 * worker has a successor, connections that can move do. On others every response says `Connection: close`. Connections on
 * which nothing happens stay for a while, because closing them at once meets the request that a client is just sending.
 *
 * Closes the listening sockets and idle connections. The application's servers still believe that they listen, and its own
 * shutdown code closes them as ever.
 */
export class Drain {
  /** Fires when the drain begins. The drain is not over before the functions that it starts have ended. */
  readonly hooks: OneShotHooks;
  readonly #parts: DrainParts;
  #idle = Infinity;
  #idleEnds = Infinity;
  #spreadEnds = Infinity;
  #idleLookDue = 0;
  #spread: Spread | undefined;
  #over: Promise<void> | undefined;

  constructor(parts: DrainParts) {
    this.#parts = parts;
    this.hooks = parts.hooks;
    parts.moves?.whenGivenUp(() => this.#stay());
  }

  /**
   * Begins, or goes on with the shorter of the times. A later call without a successor ends the moving of connections. One
   * with another successor moves the rest there, unless the moving has ended.
   *
   * @returns when no connection of the application's servers is open any more, the same promise to each caller.
   */
  begin({ idle, spread, takenOver = false, successor }: DrainTerms): Promise<void> {
    const idleEnds = performance.now() + idle;
    this.#idle = Math.min(this.#idle, idle);
    this.#idleEnds = Math.min(this.#idleEnds, idleEnds);
    this.#spreadEnds = Math.min(this.#spreadEnds, idleEnds + spread);
    if (this.#over !== undefined) {
      if (successor === undefined) this.#stay();
      else this.#parts.moves?.redirect(successor, this.#idle);
    }
    this.#over ??= this.#run(takenOver, successor);
    return this.#over;
  }

  async #run(takenOver: boolean, successor: Successor | undefined): Promise<void> {
    const { servers, requests, moves, shedding } = this.#parts;
    shedding?.end();
    if (moves !== undefined && successor !== undefined) {
      moves.begin(successor, this.#idle);
      requests.drain(moves);
    } else requests.drain();
    this.hooks.fire();
    await stopAccepting(servers, takenOver);
    // Sockets that were paused (see read-fairness.ts) are read in the next poll phase, which has to come before the first look.
    await nextTurn();
    await Promise.all([this.hooks.settled(), this.#untilAllAreClosed()]);
  }

  /** Ends the moving of connections: from now on clients are told to go. Idempotent. */
  #stay(): void {
    this.#parts.moves?.stop();
    this.#parts.requests.drain();
  }

  async #untilAllAreClosed(): Promise<void> {
    const { servers, requests, moves, unsettled = none } = this.#parts;
    let lookedAt = -Infinity;
    let pause = 0;
    while (servers.open() > 0 || requests.inFlight > 0 || unsettled() > 0) {
      // The look comes after the poll phase, when what the kernel had received by now has been read.
      await nextTurn();
      const now = performance.now();
      if (now >= Math.min(lookedAt + pause, this.#momentAfter(lookedAt))) {
        lookedAt = now;
        moves?.look();
        this.#closeIdle();
        pause = pauseAfter(performance.now() - now, this.#idle);
      }
      await delay(POLL_MS);
    }
  }

  /** The next moment at which clients may have to be told to go. The look at that moment is never put off. */
  #momentAfter(time: number): number {
    const moments = [this.#idleEnds, this.#idleEnds + this.#idle * MORE_TO_MOVE];
    return moments.find((moment) => moment > time) ?? Infinity;
  }

  #closeIdle(): void {
    const { idle, requests } = this.#parts;
    const now = performance.now();
    const isIdleOver = now >= this.#idleEnds;
    if (!isIdleOver && now < this.#idleLookDue) return;
    this.#idleLookDue = now + this.#idle / IDLE_LOOKS;
    if (!isIdleOver) return idle.note(now);
    const sockets = idle.longerThan(this.#idle, now);
    // On a machine with too much to do all may take long, and clients are not told to go while their connections still move.
    if (this.#parts.moves?.isProgressing === true && now < this.#idleEnds + this.#idle * MORE_TO_MOVE) return;
    // A connection that could not move until now never will, such as that of a client which always asks before it is answered.
    this.#stay();
    requests.closeSessions();
    this.#spread ??= this.#beginSpread(now);
    for (const socket of sockets.slice(0, this.#spread.due(sockets.length, now, this.#spreadEnds))) socket.destroy();
  }

  /** Closing begins now, which is late after moves or without CPU. It has half of its time at least, and is never done at once. */
  #beginSpread(now: number): Spread {
    this.#spreadEnds = Math.max(this.#spreadEnds, now + (this.#spreadEnds - this.#idleEnds) * LEAST_SPREAD);
    return new Spread(now);
  }
}

function none(): number {
  return 0;
}

/**
 * A look that was preempted seems to have taken long. So the pause is no longer than looks at idle connections are apart anyway:
 * on a machine with too much to do the drain would come too late for all that it has to do at its moments.
 *
 * @param lookedFor ms
 */
function pauseAfter(lookedFor: number, idle: number): number {
  return Math.max(IDLE_POLL_MS, Math.min(lookedFor * LOOK_SHARE, idle / IDLE_LOOKS));
}

/** @param takenOver the successor serves the connections that are queued. */
async function stopAccepting(servers: Servers, takenOver: boolean): Promise<void> {
  const all = [...servers];
  const handles = all.flatMap(({ handle }) => (handle === undefined ? [] : [handle]));
  const uncounted = all.flatMap(({ server, handle }) => (handle === undefined ? [server] : []));
  if (!takenOver) await serveTheQueues(handles);
  for (const handle of handles) handle.detach();
  if (uncounted.length === 0) return;
  // prefork does not count their connections, so a few turns have to do.
  for (let turn = 0; turn < UNCOUNTED_TURNS; turn++) await nextTurn();
  for (const server of uncounted) standIn(server);
}

/** Accepts all that is queued: a socket that closes resets the connections that the kernel has queued in it. */
async function serveTheQueues(handles: readonly SlotHandle[]): Promise<void> {
  // A socket that was passed to prefork stays open, and its queue is for the process that is started next. A Unix socket
  // gets no more clients either, for its file is gone by now.
  const lastOnes = handles.filter(({ isPassed, getsockname }) => !isPassed && getsockname !== undefined);
  // The kernel tells clients that come now to come again. They are refused then, instead of being reset by the close.
  for (const handle of lastOnes) handle.narrow();
  const before = takenBy(lastOnes);
  await Promise.all(handles.map(untilQueueIsEmpty));
  if (takenBy(lastOnes) > before) await delay(HALF_OPEN_MS);
  await closeBehindTheLast(lastOnes);
}

function takenBy(handles: readonly SlotHandle[]): number {
  return handles.reduce((sum, { taken }) => sum + taken, 0);
}

/**
 * libuv accepts one connection in a turn of its loop, so a turn without any means that the queue is empty. Under load it may
 * never be empty. So this also ends when as many have been accepted as fit into a queue: those include all that waited when
 * the drain began.
 */
async function untilQueueIsEmpty(handle: SlotHandle): Promise<void> {
  const enough = handle.taken + handle.longestQueue;
  for (let before = -1; handle.taken !== before && handle.taken < enough;) {
    before = handle.taken;
    await nextTurn();
    await nextTurn();
  }
}

/**
 * Between the last look into a queue and the close a client may come, and would be reset. So the last one is waited for. While
 * this process does nothing at all, the one place that each queue still has is taken, and clients that come then are told to
 * come again, a second later. The socket closes as soon as the one in that place is accepted, before another can have it.
 */
async function closeBehindTheLast(handles: readonly SlotHandle[]): Promise<void> {
  for (const handle of handles) handle.closeBehindNext();
  for (let pause = 0; pause < PAUSES && handles.some(({ isAccepting }) => isAccepting); pause++) {
    Atomics.wait(never, 0, 0, PAUSE_MS);
    await nextTurn();
  }
}
