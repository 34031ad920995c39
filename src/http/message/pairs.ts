import { MisuseError } from '../protocol/errors.ts';

/** The limits of a form of one part. A form with more is a 413. */
export interface FormLimits {
  /** @default 1000 */
  readonly fields?: number;
}

/**
 * The most pairs where the caller cannot give a limit. No query within the default readBufferSize has more, and so many
 * take a millisecond or two.
 */
export const MOST_PAIRS = 8192;

const AMPERSAND = 38;

/**
 * Checks the limits of a call that reads a form. One that is no number would limit nothing.
 *
 * @throws MisuseError ERR_HTTP_OPTION that says what was expected
 */
export function checkLimits(call: string, limits: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    const what = `${call}({ ${name} })`;
    throw new MisuseError('ERR_HTTP_OPTION', `${what}: expected a whole number, 0 or more, got ${String(value)}`);
  }
}

/**
 * Whether a form or a query has more pairs than so many. It looks no further, and is asked before `URLSearchParams`,
 * which some versions of Node have made quadratic in the pairs.
 */
export function hasMorePairs(text: string, most: number): boolean {
  let pairs = 0;
  for (let at = 0; at < text.length; at++) {
    // Between two of them there is nothing, which makes no pair.
    if (text.charCodeAt(at) === AMPERSAND) continue;
    if (++pairs > most) return true;
    const end = text.indexOf('&', at);
    if (end === -1) break;
    at = end;
  }
  return false;
}
