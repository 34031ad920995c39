import { recordProfile } from '../../inspector/profile.ts';
import { duration } from '../../format/duration.ts';
import { inspectSlot, pass, type Inspection } from '../inspection/inspection.ts';
import { defaultPath, OutputFile } from '../inspection/output-file.ts';
import { parseSlot, SLOT } from '../inspection/subject.ts';
import { printDone } from '../operation.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, readNumber, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  argument: SLOT,
  values: {
    seconds: { value: 'n', about: 'How long to record, 1 to 600. Default: 10.' },
    interval: { value: 'µs', about: 'Time between samples, 50 to 1000000. Default: 1000.' },
    output: { short: 'o', value: 'file', about: 'Default: <name>-<slot>-<time>.cpuprofile here.' },
  },
};

const help = `\
Records where the worker's JavaScript spends its time while it serves. This also
works while the worker hangs in a loop. Open the file in Chrome DevTools
(Performance, Load profile), in VS Code, or at speedscope.app. See
docs/inspecting.md.`;

/** `prefork profile <slot>` writes a `.cpuprofile`. */
export async function profile(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('profile', shape, help));
    return 0;
  }
  const slot = parseSlot('profile', line.argument);
  const seconds = readNumber(line, 'seconds', { min: 1, max: 600, preset: 10 });
  const interval = readNumber(line, 'interval', { min: 50, max: 1_000_000, preset: 1000 });
  const record = async (inspection: Inspection): Promise<void> => {
    const path = line.values.get('output') ?? defaultPath(inspection.server.name, slot, new Date(), 'cpuprofile');
    using file = new OutputFile(path);
    const until = (): Promise<void> => pass(seconds * 1000, inspection);
    const recorded = await recordProfile(inspection.session, { interval, isStuck: inspection.subject.isStuck, until });
    file.write(JSON.stringify(recorded));
    file.keep();
    printDone('profile', { file: path, samples: recorded.samples?.length ?? 0, in: duration(seconds * 1000) });
  };
  await inspectSlot(line.name, slot, record);
  return 0;
}
