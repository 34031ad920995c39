/** A thread that opens one new store after another, each at the same moment as the other threads. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { EmbeddedEngine } from '../../../src/state/embedded/engine.ts';

export interface Opening {
  readonly directory: string;
  /** The number of threads that have come to a store, in all. */
  readonly come: Int32Array;
  readonly threads: number;
  readonly stores: number;
}

const { directory, come, threads, stores } = workerData as Opening;

function meet(count: number): void {
  Atomics.add(come, 0, 1);
  Atomics.notify(come, 0);
  for (let now = Atomics.load(come, 0); now < count; now = Atomics.load(come, 0)) Atomics.wait(come, 0, now);
}

for (let nth = 1; nth <= stores; nth++) {
  meet(nth * threads);
  const engine = await EmbeddedEngine.open({ directory: join(directory, String(nth)), maxSize: 1 << 24 });
  await engine.close();
}
parentPort!.postMessage('all opened');
