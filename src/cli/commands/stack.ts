import { formatFrame } from '../../inspector/frames.ts';
import { sampleStack } from '../../inspector/stack.ts';
import { inspectSlot, pass, type Inspection } from '../inspection/inspection.ts';
import { describe, parseSlot, SLOT } from '../inspection/subject.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, readNumber, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  argument: SLOT,
  values: {
    count: { value: 'n', about: 'Number of samples, 1 to 1000. Default: 1.' },
    interval: { value: 'ms', about: 'Time between samples. Default: 100.' },
  },
};

const help = `\
Prints where the worker's JavaScript is now, even in an endless loop or a regular
expression that does not end. It cannot show native code, which nothing can
interrupt. The worker is not paused for it. See docs/inspecting.md.`;

/** How long a worker may take to run JavaScript. */
const LONGEST_WAIT_MS = 8000;

/** `prefork stack <slot>` prints samples of the stack. */
export async function stack(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('stack', shape, help));
    return 0;
  }
  const slot = parseSlot('stack', line.argument);
  const count = readNumber(line, 'count', { min: 1, max: 1000, preset: 1 });
  const interval = readNumber(line, 'interval', { min: 1, max: 60_000, preset: 100 });
  await inspectSlot(line.name, slot, async (inspection: Inspection) => {
    for (let nth = 1; nth <= count; nth++) {
      if (nth > 1) await pass(interval, inspection);
      print(await sample(inspection, count === 1 ? '' : ` sample=${nth}`));
    }
  });
  return 0;
}

async function sample({ subject, session }: Inspection, fields: string): Promise<string> {
  const frames = await sampleStack(session, AbortSignal.timeout(LONGEST_WAIT_MS));
  const lines = frames.map((frame) => `    at ${formatFrame(frame)}`);
  if (lines.length === 0) lines.push('    waits in its event loop');
  return `${describe(subject)}${fields}\n${lines.join('\n')}\n`;
}
