/** Every command prints through this module: see printable.ts. */
import type { Writable } from 'node:stream';
import { printable, printableLines, printableOutput } from '../format/printable.ts';
import { sequences } from './colors.ts';

/** Prints text that ends with a newline. Only the colours of colors.ts survive. */
export function print(text: string, output: Writable = process.stdout): boolean {
  return output.write(shown(text));
}

/** Prints what a program wrote. Its colours survive, and nothing else that could steer a terminal. */
export function printOutput(text: string, output: Writable = process.stdout): boolean {
  return output.write(printableOutput(text));
}

/** Prints `prefork: <message>` on stderr. The message can have further lines. */
export function complain(message: string): void {
  print(`prefork: ${message}\n`, process.stderr);
}

/** Makes a line printable, without a newline, for a screen that is drawn line by line. */
export function shownLine(text: string): string {
  return keepingColors(text, printable);
}

function shown(text: string): string {
  return keepingColors(text, printableLines);
}

/** Cleans the text but keeps the sequences that colors.ts writes. */
function keepingColors(text: string, clean: (text: string) => string): string {
  return text
    .split(sequences)
    .map((piece) => (sequences.test(piece) ? piece : clean(piece)))
    .join('');
}
