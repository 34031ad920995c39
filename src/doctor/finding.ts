import type { Machine } from './machine.ts';

/** A `note` can hurt in a case that it names. A `problem` will hurt. */
export type Level = 'ok' | 'note' | 'problem';

/** The result of one check. */
export interface Finding {
  /** The setting that was checked, in the words of the system. */
  readonly check: string;
  readonly level: Level;
  /** A line that says what was found. */
  readonly found: string;
  /** The reason why the setting matters. */
  readonly why: string;
  /** The commands or settings that mend it, one a line. The list is empty where all is well. */
  readonly mend: readonly string[];
}

/** Makes a finding; undefined where there is nothing to check, on another system or a kernel without the setting. */
export type Check = (machine: Machine) => Finding | undefined;

/** Returns functions that make the findings of one check, which all matter for the same reason. */
export function findings(
  check: string,
  why: string,
): Record<'ok', (found: string) => Finding> &
  Record<'note' | 'problem', (found: string, ...mend: string[]) => Finding> {
  const at =
    (level: Level) =>
    (found: string, ...mend: string[]) => ({ check, level, found, why, mend });
  return { ok: at('ok'), note: at('note'), problem: at('problem') };
}
