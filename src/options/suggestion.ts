/**
 * Finds the known word that was probably meant. The way words are joined does not count: `readyTimeout`,
 * `ready_timeout` and `--ready-timeout` are the same, so that the spelling of one place leads to that of another.
 */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  const plain = plainly(word);
  // The distance allows one slip in three letters. With more, unrelated words would be suggested.
  let least = Math.floor(plain.length / 3) + 1;
  let best: string | undefined;
  for (const candidate of known) {
    const slips = distance(plain, plainly(candidate));
    if (slips >= least) continue;
    least = slips;
    best = candidate;
  }
  return best ?? onlyBeginning(plain, known);
}

/** Finds the only known word that begins like the given one, such as `--max-mem`. */
function onlyBeginning(plain: string, known: readonly string[]): string | undefined {
  const [first, ...others] = known.filter((candidate) => plain.length >= 3 && plainly(candidate).startsWith(plain));
  return others.length === 0 ? first : undefined;
}

/** Returns the end of a message such as `; did you mean ...?`, or an empty string. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = suggestion(word, known);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function plainly(word: string): string {
  return word.replaceAll(/[-_]/g, '').toLowerCase();
}

/**
 * Computes Damerau's distance: how many letters have to be inserted, removed, changed, or swapped with their neighbour.
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const changed = last[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = isSwapped ? beforeLast[column - 2]! + 1 : Infinity;
      next.push(Math.min(changed, swapped, last[column]! + 1, next[column - 1]! + 1));
    }
    beforeLast = last;
    last = next;
  }
  return last[b.length]!;
}
