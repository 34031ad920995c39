/**
 * The known word that was probably meant, if there is one. How words are joined does not count: `readyTimeout`,
 * `ready_timeout` and `--ready-timeout` are the same, so that each place's spelling leads to the other's.
 */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  const plain = plainly(word);
  // One slip in three letters. With more, unrelated words are suggested.
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

/** The one that the word is the beginning of: `--max-mem`. */
function onlyBeginning(plain: string, known: readonly string[]): string | undefined {
  const [first, ...others] = known.filter((candidate) => plain.length >= 3 && plainly(candidate).startsWith(plain));
  return others.length === 0 ? first : undefined;
}

/** The end of a message: `; did you mean ...?`, or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = suggestion(word, known);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function plainly(word: string): string {
  return word.replaceAll(/[-_]/g, '').toLowerCase();
}

/** Damerau's distance: how many letters have to be put in, taken out or changed, or two that are neighbours swapped. */
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
