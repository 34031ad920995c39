const codes = { bold: 1, red: 31, green: 32, yellow: 33 } as const;

export type Color = keyof typeof codes;

export type Colorize = (color: Color, text: string) => string;

export const plain: Colorize = (_, text) => text;

/**
 * Every escape sequence that `ansi` writes. The capturing group makes `split` return each one as a piece of its own.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
export const sequences: RegExp = /(\x1b\[(?:0|1|31|32|33)m)/;

export const ansi: Colorize = (color, text) => `\x1b[${codes[color]}m${text}\x1b[0m`;

/** Colours are for terminals whose user has not asked for none: https://no-color.org */
export function colorizeFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Colorize {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? ansi : plain;
}
