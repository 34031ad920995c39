import type { Session } from '../../inspector/session.ts';
import { inspectSlot, Interrupted, type Inspection } from '../inspection/inspection.ts';
import { describe, parseSlot, SLOT, type Subject } from '../inspection/subject.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = { argument: SLOT };

const help = `\
Opens the worker's inspector on the loopback, prints its address, and closes it
again when you end the command (Ctrl-C). Until then the worker may stand at a
breakpoint without being killed as hung; other workers accept its connections.
Anyone who can connect to the port can run code in the worker. See
docs/inspecting.md.`;

/** `prefork inspect <slot>` runs until it is interrupted. */
export async function inspect(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('inspect', shape, help));
    return 0;
  }
  const slot = parseSlot('inspect', line.argument);
  await inspectSlot(line.name, slot, stayOpen).catch((error: unknown) => {
    // An interruption is the normal way to end.
    if (!(error instanceof Interrupted)) throw error;
  });
  return 0;
}

async function stayOpen({ subject, session, over }: Inspection): Promise<never> {
  print(instructions(subject, session));
  try {
    return await over;
  } finally {
    // A debugger may have set a breakpoint and left. Nothing may stop the worker there any more, or keep it there.
    const ends = [['Debugger.enable'], ['Debugger.setSkipAllPauses', { skip: true }], ['Debugger.resume']] as const;
    for (const [method, parameters] of ends) session.call(method, parameters).catch(() => {});
  }
}

function instructions(subject: Subject, { target }: Session): string {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const place = `${host}:${target.port}`;
  return `\
prefork: inspector open address=${place} ${describe(subject)}
  Chrome    devtools://devtools/bundled/js_app.html?v8only=true&ws=${place}${target.path}
            or chrome://inspect, Configure..., ${place}
  terminal  node inspect ${place}
${target.isOurs ? 'Ctrl-C closes it.' : 'The inspector was open before, and may stay open. Ctrl-C ends this command.'}
`;
}
