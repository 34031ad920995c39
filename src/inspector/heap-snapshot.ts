import { InspectorError } from './error.ts';
import type { Session } from './session.ts';

/**
 * Writes the heap of a process piece by piece: all objects and what holds them. Nothing of it is kept here. The process
 * stands still until the last piece is made, for seconds with a large heap, and needs extra memory.
 *
 * @param longest the limit in bytes, because a process might answer without end.
 * @param write takes the next piece of a `.heapsnapshot`. An error that it throws ends the snapshot.
 * @throws InspectorError when the session ends early, or the snapshot is longer than the limit.
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
