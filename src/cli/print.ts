/** The only way for a command to its output: see printable.ts. */
import type { Writable } from 'node:stream';
import { printable, printableLines } from '../format/printable.ts';
import { sequences } from './colors.ts';

/** Text of several lines, which ends with one; its colours are ours. */
export function print(text: string, output: Writable = process.stdout): boolean {
  return output.write(shown(text));
}

/** `prefork: <message>` on stderr; a message can have further lines. */
export function complain(message: string): void {
  print(`prefork: ${message}\n`, process.stderr);
}

/** A line without its end, for a screen that is drawn line by line. */
export function shownLine(text: string): string {
  return keepingColors(text, printable);
}

function shown(text: string): string {
  return keepingColors(text, printableLines);
}

/** What colors.ts writes, and no other sequence, is left as it is. */
function keepingColors(text: string, clean: (text: string) => string): string {
  return text
    .split(sequences)
    .map((piece) => (sequences.test(piece) ? piece : clean(piece)))
    .join('');
}
