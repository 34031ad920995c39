import type { Session } from './session.ts';

/**
 * Writes down the heap of a process, all objects and what holds them, piece by piece: nothing of it is kept here. The
 * process stands still until the last piece is made, for seconds with a large heap, and needs memory for it.
 *
 * @param write takes the next piece of what a `.heapsnapshot` has; what it throws ends it.
 * @throws InspectorError when the session ends before.
 */
export async function takeHeapSnapshot(session: Session, write: (piece: string) => void): Promise<void> {
  let hasFailed = false;
  const failed = new Promise<never>((_, reject) => {
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
      try {
        if (!hasFailed) write(String(chunk));
      } catch (error) {
        hasFailed = true;
        reject(error);
      }
    });
  });
  await Promise.race([session.call('HeapProfiler.takeHeapSnapshot', { reportProgress: false }), failed]);
}
