import { takeHeapSnapshot } from '../../inspector/heap-snapshot.ts';
import { readStatus } from '../../inspector/process-status.ts';
import { duration } from '../../format/duration.ts';
import { inspectSlot, type Inspection } from '../inspection/inspection.ts';
import { defaultPath, OutputFile } from '../inspection/output-file.ts';
import { describe, parseSlot, SLOT } from '../inspection/subject.ts';
import { printDone } from '../operation.ts';
import { complain, print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  argument: SLOT,
  values: { output: { short: 'o', value: 'file', about: 'Default: <name>-<slot>-<time>.heapsnapshot here.' } },
};

/**
 * A snapshot is about as large as the heap. A worker that sends many times its resident memory, as the kernel counts
 * it, is lying.
 */
const BYTES_PER_RESIDENT = 10;
const LEAST_BYTES = 256 * 1024 * 1024;

const help = `\
Writes all objects of the worker's heap to a file, with what keeps them alive. To
find a leak, compare two snapshots in Chrome DevTools (Memory, Load). The worker
stands still meanwhile, for seconds with a large heap, and needs extra memory. It
is not killed as hung, and other workers accept its connections. The file has
every secret in it that the worker knows. See docs/inspecting.md.`;

/** `prefork heap <slot>` writes a `.heapsnapshot`. */
export async function heap(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('heap', shape, help));
    return 0;
  }
  const slot = parseSlot('heap', line.argument);
  await inspectSlot(line.name, slot, async ({ server, subject, session, over }: Inspection) => {
    const path = line.values.get('output') ?? defaultPath(server.name, slot, new Date(), 'heapsnapshot');
    const longest = LEAST_BYTES + BYTES_PER_RESIDENT * (await readStatus(subject.pid)).rss;
    using file = new OutputFile(path);
    complain(`worker stands still until its heap is written ${describe(subject)}`);
    const start = performance.now();
    await Promise.race([takeHeapSnapshot(session, longest, (piece) => file.write(piece)), over]);
    file.keep();
    printDone('heap', { file: path, bytes: file.size, in: duration(performance.now() - start) });
  });
  return 0;
}
