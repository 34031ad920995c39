import { join } from 'node:path';
import { stackFile } from '../../inspector/hang-stack.ts';
import type { HangThreadData } from './hang-thread.ts';

/** Between two counts, ms: as often as rows are written. */
const BEAT_MS = 250;

/** Not while the application starts, which a thread would slow down, ms. */
const START_AFTER_MS = 3000;

/** A thread keeps its heap to itself, which is small, MB. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 } as const;

/**
 * Has a thread look after this one, and write its stack down when it stands still (`--hang-stack on`). Owns a timer and the
 * thread, which end with the process and keep it from nothing.
 *
 * @param silence ms.
 * @param reports the directory that the primary looks into.
 */
export function watchForHangs(silence: number, reports: string): void {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setTimeout(() => {
    setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS).unref();
    const workerData: HangThreadData = { beats, silence, file: join(reports, stackFile(process.pid)) };
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    // Neither the application's flags nor its environment: what they preload is not for this thread.
    const thread = new Worker(new URL('hang-thread.cjs', import.meta.url), {
      execArgv: [],
      env: {},
      resourceLimits: LIMITS,
      workerData,
    });
    // Without it a hang has no stack, which is no reason to end.
    thread.on('error', () => {});
    thread.unref();
  }, START_AFTER_MS).unref();
}
