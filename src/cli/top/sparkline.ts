/** How figures went, in one character each. */

/** Low to high. Terminals that know no UTF-8 get the second. */
export const sparks = { blocks: '▁▂▃▄▅▆▇█', ascii: '_.:-=+*#' } as const;

export type Sparks = (typeof sparks)[keyof typeof sparks];

/** @param most what the highest character stands for; higher figures have it, too. */
export function sparkline(figures: readonly number[], width: number, most: number, characters: Sparks): string {
  const top = characters.length - 1;
  // One request is more than none.
  const level = (figure: number): number => Math.min(top, most > 0 ? Math.ceil((figure / most) * top) : 0);
  const shown = width > 0 ? figures.slice(-width) : [];
  return shown.map((figure) => characters[level(figure)]).join('');
}

/** By the locale, as curses has it. */
export function sparksFor({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): Sparks {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') ? sparks.blocks : sparks.ascii;
}
