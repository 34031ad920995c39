import { diagnose } from '../../doctor/diagnosis.ts';
import { thisMachine } from '../../doctor/machine.ts';
import { colorizeFor } from '../colors.ts';
import { doctorText } from '../doctor-text.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = { flags: { json: 'Print JSON, for programs.' }, isNameless: true };

const help = `\
Run it where the server will run: in the same container, and as the same user.
It only reads, and changes nothing. It fails when a setting will hurt a server.`;

/** `prefork doctor [--json]` reports which of this machine's settings will hurt a server. */
export async function doctor(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  const { stdout } = process;
  if (line.help) {
    print(verbHelp('doctor', shape, help));
    return 0;
  }
  const findings = diagnose(thisMachine());
  print(
    line.flags.has('json')
      ? `${JSON.stringify({ version: 1, findings }, undefined, 2)}\n`
      : doctorText(findings, colorizeFor(stdout, process.env)),
  );
  return findings.some(({ level }) => level === 'problem') ? 1 : 0;
}
