import { diagnose } from '../../doctor/diagnosis.ts';
import { thisMachine } from '../../doctor/machine.ts';
import { UsageError } from '../../errors.ts';
import { colorizeFor } from '../colors.ts';
import { doctorText } from '../doctor-text.ts';

/**
 * `prefork doctor [--json]`: what in this machine's settings will hurt. Run it where the server will run, in the same
 * container and as the same user.
 *
 * @param argv what follows the verb.
 * @returns 0 when nothing will hurt, 1 when something will.
 */
export async function doctor(argv: readonly string[]): Promise<number> {
  const unknown = argv.find((argument) => argument !== '--json');
  if (unknown !== undefined) throw new UsageError(`doctor: expected --json or nothing, got ${JSON.stringify(unknown)}`);
  const findings = diagnose(thisMachine());
  const { stdout } = process;
  stdout.write(
    argv.includes('--json')
      ? `${JSON.stringify({ version: 1, findings }, undefined, 2)}\n`
      : doctorText(findings, colorizeFor(stdout, process.env)),
  );
  return findings.some(({ level }) => level === 'problem') ? 1 : 0;
}
