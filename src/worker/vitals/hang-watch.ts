import { join } from 'node:path';
import { stackFile } from '../../inspector/hang-stack.ts';
import type { HangThreadData } from './hang-thread.ts';

/** The time between two counts: rows are written as often. */
const BEAT_MS = 250;

/** The thread begins so late, because it would slow down the start of the application. */
const START_AFTER_MS = 3000;

/** A thread has a heap of its own. This one needs little, MB. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 } as const;

/**
 * Has a thread watch the main thread, and write down its stack when it stands still (`--hang-stack on`). Owns two timers and
 * the thread, which end with the process and do not keep it alive.
 *
 * @param silence how long the main thread may stand still, ms.
 * @param reports the directory that the primary looks into.
 */
export function watchForHangs(silence: number, reports: string): void {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setTimeout(() => {
    setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS).unref();
    const workerData: HangThreadData = { beats, silence, file: join(reports, stackFile(process.pid)) };
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    // The thread gets neither the application's flags nor its environment: what they preload is not for this thread.
    const thread = new Worker(new URL('hang-thread.cjs', import.meta.url), {
      execArgv: [],
      env: {},
      resourceLimits: LIMITS,
      workerData,
    });
    // Without the thread a hang has no stack, which is no reason to end the worker.
    thread.on('error', () => {});
    thread.unref();
  }, START_AFTER_MS).unref();
}
