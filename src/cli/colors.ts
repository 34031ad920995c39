const codes = { bold: 1, red: 31, green: 32, yellow: 33 } as const;

export type Color = keyof typeof codes;

export type Colorize = (color: Color, text: string) => string;

export const plain: Colorize = (_, text) => text;

/** All that `ansi` can write: in `split` each is a piece of its own. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
export const sequences: RegExp = /(\x1b\[(?:0|1|31|32|33)m)/;

export const ansi: Colorize = (color, text) => `\x1b[${codes[color]}m${text}\x1b[0m`;

/** Colours are for terminals whose user has not said otherwise: https://no-color.org */
export function colorizeFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Colorize {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? ansi : plain;
}
