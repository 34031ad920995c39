import { StringDecoder } from 'node:string_decoder';
import { SafeOutput } from '../format/printable.ts';

/** Matches the beginning of a colour, or of a line's end, at the end of a chunk. No colour is longer. */
// oxlint-disable-next-line no-control-regex -- how such a sequence begins
const UNFINISHED = /(?:\u001B(?:\[[\d;:]{0,32})?|\r)$/;

/**
 * Filters the output of another user's server for root's terminal. Text and colours pass, and colours end with their line. Other sequences that a terminal
 * would obey are shown as text, such as a new title, a change of the clipboard, or a question whose answer the terminal
 * types for the shell to read.
 */
export class TerminalText {
  readonly #decoder = new StringDecoder('utf8');
  readonly #output = new SafeOutput();
  #held = '';

  write(chunk: Buffer): string {
    const text = this.#held + this.#decoder.write(chunk);
    this.#held = UNFINISHED.exec(text)?.[0] ?? '';
    return this.#output.safe(text.slice(0, text.length - this.#held.length));
  }

  /** Returns the piece that was held back for a continuation that did not come, and ends what colours hold. */
  end(): string {
    return this.#output.safe(this.#held + this.#decoder.end()) + this.#output.end();
  }
}
