/**
 * Makes text from other processes safe to print. A worker, a client or a process of another user can put any character
 * into a name, an address or an error. In a terminal some characters are commands, and others begin a line or reverse
 * the order of letters. The sender could then decide what the screen shows. So everything that prefork prints goes
 * through here.
 */

/** Matches C0, DEL and C1, the separators of lines and paragraphs, and the controls of bidirectional text (UAX #9). */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
const UNSAFE_IN_LINES = /[^\P{Cc}\n\t]|[\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** A colour is matched first and as a whole, and so is the end of a line. A return elsewhere would have the line begin anew. */
// oxlint-disable-next-line no-control-regex -- how a colour begins
const UNSAFE_IN_OUTPUT = /\u001B\[([\d;:]{0,32})m|\r?\n|[^\P{Cc}\t]/gu;

const RESET = '\u001B[0m';
/** The attribute by which a terminal shows nothing of a text (ECMA-48, SGR). */
const CONCEALED = 8;
/** The attributes that have more numbers behind them: a colour, by its kind. */
const COLOURS: readonly number[] = [38, 48, 58];
const NUMBERS_OF_KIND: Readonly<Record<number, number>> = { 2: 3, 5: 1 };

/** Matches sequences that colour text or move the cursor. An error for a terminal loses nothing without them. */
// oxlint-disable-next-line no-control-regex -- these sequences are what the pattern removes
const SEQUENCES = /\u001B\[[\d;:?]*[A-Za-z]/g;

/** Makes a text one safe line: `\u001b` and the like replace control characters. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, escaped);
}

/** Makes several lines safe. Line feeds and tabs stay. JSON still has the same value afterwards. */
export function printableLines(text: string): string {
  return text.replaceAll(UNSAFE_IN_LINES, escaped);
}

/** Makes the output of a program safe, as `SafeOutput` does. */
export function printableOutput(text: string): string {
  const output = new SafeOutput();
  return output.safe(text) + output.end();
}

/**
 * Makes the output of a program safe, piece by piece. Colours stay, and end with their line: what another program writes below is in
 * its own. No line hides that of another program, or begins anew over what stands before it.
 */
export class SafeOutput {
  /** An attribute may hold from an earlier place in the line. */
  #isStyled = false;

  /** @param text does not end within a colour, or between a return and the end of its line. */
  safe(text: string): string {
    return text.replaceAll(UNSAFE_IN_OUTPUT, (match, attributes?: string) => {
      if (attributes !== undefined) return this.#style(attributes);
      return match.endsWith('\n') ? this.end() + match : escaped(match);
    });
  }

  /** Returns what ends the attributes that may hold. */
  end(): string {
    const isStyled = this.#isStyled;
    this.#isStyled = false;
    return isStyled ? RESET : '';
  }

  #style(attributes: string): string {
    const shown = withoutConcealed(attributes.split(';'));
    if (shown.length === 0) return '';
    // Only a reset that stands alone is taken for one: a colour too may end with a 0.
    this.#isStyled = shown.length > 1 || !/^0*$/.test(shown[0]!);
    return `\u001B[${shown.join(';')}m`;
  }
}

/** @returns the attributes without the one that conceals, and without a colour that is not whole: what follows might be taken for it. */
function withoutConcealed(attributes: readonly string[]): string[] {
  const shown: string[] = [];
  for (let at = 0; at < attributes.length; at++) {
    const attribute = attributes[at]!;
    if (COLOURS.includes(Number(attribute))) {
      const length = 2 + (NUMBERS_OF_KIND[Number(attributes[at + 1])] ?? Infinity);
      if (at + length > attributes.length) return shown;
      shown.push(...attributes.slice(at, at + length));
      at += length - 1;
    } else if (Number.parseInt(attribute, 10) !== CONCEALED) shown.push(attribute);
  }
  return shown;
}

/** Removes colours and cursor movements. */
export function withoutSequences(text: string): string {
  return text.replaceAll(SEQUENCES, '');
}

/** Makes every string in a JSON value safe, including keys. */
export function printableValue<Value>(value: Value): Value {
  return made(value) as Value;
}

function made(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(made);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [printable(key), made(one)]));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
