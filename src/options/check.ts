/**
 * Checks what was given against its shape. A value that does not fit becomes a one-line UsageError that names its
 * place.
 */
import { UsageError } from '../errors.ts';
import { quote, quoteName } from './quote.ts';
import { expectedText, expectedValue, readText, readValue, type Shape } from './shape.ts';
import { didYouMean } from './suggestion.ts';

/** Reads the text of a flag or variable. Undefined stays undefined. */
export function checkText(shape: Shape, place: string, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  return readText(shape, text) ?? fail(place, expectedText(shape), text);
}

/** Reads a value from code or a config file. Undefined stays undefined. */
export function checkValue(shape: Shape, place: string, value: unknown): unknown {
  if (value === undefined) return undefined;
  return readValue(shape, value) ?? fail(place, expectedValue(shape), value);
}

/**
 * Refuses a key that is not known.
 *
 * @param place begins the message: a file and `: `, or nothing.
 */
export function checkKeys(place: string, keys: readonly string[], known: readonly string[]): void {
  const unknown = keys.find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new UsageError(`${place}unknown option ${quoteName(unknown)}${didYouMean(unknown, known)}`);
}

export function fail(place: string, expected: string, got: unknown): never {
  throw new UsageError(`${place}: expected ${expected}, got ${quote(got)}`);
}
