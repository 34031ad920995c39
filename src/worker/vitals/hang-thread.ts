/**
 * A thread in a worker that sees the main thread stand still, and writes down where it does. It needs no port, to which every
 * user of the machine could connect. It needs no help of the main thread either: an inspector's session within the process
 * interrupts that in the middle of a loop.
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { Session } from 'node:inspector';
import { workerData } from 'node:worker_threads';
import { framesOf, OWN_SCRIPT } from '../../inspector/frames.ts';

/** What the main thread gives this one. */
export interface HangThreadData {
  /** The main thread counts this up while its event loop turns. */
  readonly beats: Int32Array;
  /** The main thread stands still when it has not counted for so long, ms. */
  readonly silence: number;
  /** Where the stack goes. */
  readonly file: string;
}

/** The time between two looks. */
const LOOK_MS = 500;

/** How long the main thread may take to come to its next statement. */
const PAUSING_MS = 2000;

const { beats, silence, file } = workerData as HangThreadData;
let last = Atomics.load(beats, 0);
let since = performance.now();
let isTaken = false;

setInterval(() => {
  const now = performance.now();
  const beat = Atomics.load(beats, 0);
  if (beat !== last) {
    last = beat;
    since = now;
    // The main thread turns again, so there is no hang to explain.
    if (isTaken) rmSync(file, { force: true });
    isTaken = false;
  } else if (!isTaken && now - since >= silence) {
    isTaken = true;
    take();
  }
}, LOOK_MS);

function take(): void {
  // The inspector takes 1 MB, so it is loaded when it is needed.
  const inspector = process.getBuiltinModule('node:inspector');
  const session = new inspector.Session();
  const urls = new Map<string, string>();
  const deadline = setTimeout(() => {
    end(session);
    write({ reason: 'it ran no JavaScript in time: it is busy in native code' });
  }, PAUSING_MS);
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => void urls.set(scriptId, url));
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    clearTimeout(deadline);
    const frames = framesOf(callFrames, urls);
    end(session);
    write({ frames });
  });
  session.connectToMainThread();
  session.post('Debugger.enable');
  session.post('Debugger.pause');
  // A pause comes with the next statement. In a process that idles or waits there would be none, so this is one.
  session.post('Runtime.evaluate', { expression: `0 //# sourceURL=${OWN_SCRIPT}` });
}

/** Lets the main thread go on. The end of the session is the end of its breakpoints. */
function end(session: Session): void {
  session.post('Debugger.resume', () => {});
  session.disconnect();
}

/** Writes the file whole or not at all: the primary may be looking. */
function write(found: object): void {
  const path = `${file}.tmp`;
  try {
    const fd = openSync(path, 'w', 0o600);
    writeSync(fd, JSON.stringify(found));
    closeSync(fd);
    renameSync(path, file);
  } catch {
    // The disk is full, or the directory is gone with its primary. Then there is no stack.
  }
}
