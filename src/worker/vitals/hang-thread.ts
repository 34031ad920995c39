/**
 * A thread in a worker that sees the main thread stand still, and writes down where it does. It needs no port, to which every
 * user of the machine could connect. It needs no help of the main thread either: an inspector's session within the process
 * interrupts that in the middle of a loop.
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { framesOf, STACK_EVALUATION } from '../../inspector/frames.ts';

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

/** How long the main thread may take to run JavaScript. */
const ANSWER_MS = 2000;

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
  // The end of the session answers what is still open with ERR_INSPECTOR_CLOSED.
  const deadline = setTimeout(() => session.disconnect(), ANSWER_MS);
  session.connectToMainThread();
  session.post('Runtime.enable');
  session.post('Runtime.evaluate', { ...STACK_EVALUATION }, (error, thrown) => {
    clearTimeout(deadline);
    session.disconnect();
    const frames = framesOf(thrown);
    write(frames === undefined ? { reason: reasonOf(error) } : { frames });
  });
}

function reasonOf(error: NodeJS.ErrnoException | null): string {
  return error?.code === 'ERR_INSPECTOR_CLOSED'
    ? 'it ran no JavaScript in time: it is busy in native code'
    : `its inspector told no stack${error === null ? '' : `: ${error.message}`}`;
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
