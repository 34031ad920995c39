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
  return best;
}

/** The end of a message: `; did you mean ...?`, or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = suggestion(word, known);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function plainly(word: string): string {
  return word.replaceAll(/[-_]/g, '').toLowerCase();
}

/** Levenshtein's distance: how many letters have to be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of a.split('').entries()) {
    const next = [index + 1];
    for (let column = 1; column <= b.length; column++) {
      const changed = row[column - 1]! + (letter === b[column - 1] ? 0 : 1);
      next.push(Math.min(changed, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
