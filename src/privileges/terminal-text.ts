import { StringDecoder } from 'node:string_decoder';
import { printableOutput } from '../format/printable.ts';

/** A colour, or a piece of one, at the end of what has come so far; no colour is longer. */
// oxlint-disable-next-line no-control-regex -- how such a sequence begins
const UNFINISHED = /\u001B(?:\[[\d;:]{0,32})?$/;

/**
 * What a server of another user's prints, as root's terminal gets it: text and its colours. What else a terminal would obey, such as
 * a new title, what is in the clipboard, or a question whose answer it types for the shell to read, is shown as text.
 */
export class TerminalText {
  readonly #decoder = new StringDecoder('utf8');
  #held = '';

  write(chunk: Buffer): string {
    const text = this.#held + this.#decoder.write(chunk);
    this.#held = UNFINISHED.exec(text)?.[0] ?? '';
    return printableOutput(text.slice(0, text.length - this.#held.length));
  }

  /** What was held back for what did not come. */
  end(): string {
    return printableOutput(this.#held + this.#decoder.end());
  }
}
