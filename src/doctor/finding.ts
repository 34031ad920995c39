import type { Machine } from './machine.ts';

/** `note`: it can hurt, in a case that is named. `problem`: it will. */
export type Level = 'ok' | 'note' | 'problem';

/** What one check found out. */
export interface Finding {
  /** What was looked at, in the words of the system. */
  readonly check: string;
  readonly level: Level;
  /** One line. */
  readonly found: string;
  /** Why anyone should care. */
  readonly why: string;
  /** The commands or settings that mend it, one a line; none where all is well. */
  readonly mend: readonly string[];
}

/** Undefined where there is nothing to look at: another system, or a kernel without it. */
export type Check = (machine: Machine) => Finding | undefined;

/** Makes the findings of one check, which all matter for the same reason. */
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
