/**
 * Parses `/proc/<pid>/stat` (proc(5)). The parser imports nothing and reads nothing: its callers have their own ways to
 * read, and their own answers where there is no /proc.
 */

/**
 * The kernel's interface counts in USER_HZ, whatever its own tick is. USER_HZ is 100 on every architecture that Node
 * supports.
 */
const TICK_MS = 10;

export interface ProcessStat {
  /** The command's name, of which the kernel keeps 15 bytes. */
  readonly name: string;
  /** The state in one letter: `R`, `S`, `D`, `T` (stopped), `Z` (zombie) and so on. */
  readonly state: string;
  /** The pid of its parent. */
  readonly parent: number;
  /** The CPU time that all its threads have used, ms. */
  readonly cpu: number;
  /** The time of its start in the kernel's ticks since the boot. */
  readonly startedAt: string;
  /** The address of its environment in its memory; 0 where the kernel does not tell. */
  readonly environmentAt: number;
}

/** @returns undefined for a text that is no such line, also for an empty one. */
export function parseStat(text: string): ProcessStat | undefined {
  // The command's name is the second field. It is in brackets, and may contain anything, even brackets.
  const end = text.lastIndexOf(') ');
  if (end === -1) return undefined;
  const fields = text.slice(end + 2).split(' ');
  // The state is the third field of the page, so its field n is here at n - 3.
  const field = (nth: number): string => fields[nth - 3] ?? '';
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    state: field(3),
    parent: Number(field(4)),
    cpu: (Number(field(14)) + Number(field(15))) * TICK_MS,
    startedAt: field(22),
    environmentAt: Number(field(50)),
  };
}
