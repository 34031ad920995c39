/** Draws a history of figures, one character each. */

/** The characters from low to high. Terminals without UTF-8 get the second set. */
export const sparks = { blocks: '▁▂▃▄▅▆▇█', ascii: '_.:-=+*#' } as const;

export type Sparks = (typeof sparks)[keyof typeof sparks];

/**
 * Draws a line.
 *
 * @param most the figure that the highest character stands for; larger figures get the same character.
 */
export function sparkline(figures: readonly number[], width: number, most: number, characters: Sparks): string {
  const top = characters.length - 1;
  // Rounding up makes one request look like more than none.
  const level = (figure: number): number => Math.min(top, most > 0 ? Math.ceil((figure / most) * top) : 0);
  const shown = width > 0 ? figures.slice(-width) : [];
  return shown.map((figure) => characters[level(figure)]).join('');
}

/** Chooses the characters by the locale, as curses does. */
export function sparksFor({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): Sparks {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') ? sparks.blocks : sparks.ascii;
}
