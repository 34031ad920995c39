import { InspectorError } from './error.ts';
import type { Session } from './session.ts';

/**
 * Writes down the heap of a process, all objects and what holds them, piece by piece: nothing of it is kept here. The
 * process stands still until the last piece is made, for seconds with a large heap, and needs memory for it.
 *
 * @param longest bytes: a process that answers without end is not written down without end.
 * @param write takes the next piece of what a `.heapsnapshot` has; what it throws ends it.
 * @throws InspectorError when the session ends before, or there is more than that.
 */
export async function takeHeapSnapshot(
  session: Session,
  longest: number,
  write: (piece: string) => void,
): Promise<void> {
  let hasFailed = false;
  let length = 0;
  const failed = new Promise<never>((_, reject) => {
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
      try {
        if (hasFailed) return;
        const piece = String(chunk);
        length += piece.length;
        if (length > longest) throw new InspectorError(`its heap has more than ${longest} bytes`);
        write(piece);
      } catch (error) {
        hasFailed = true;
        reject(error);
      }
    });
  });
  await Promise.race([session.call('HeapProfiler.takeHeapSnapshot', { reportProgress: false }), failed]);
}
