import { inspect } from 'node:util';

const LONGEST = 60;

/** Formats a value for a message: on one line, not too long, and with quotes that tell text from numbers. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (typeof value === 'function') return 'a function';
  return shorten(inspect(value, { depth: 0, breakLength: Infinity }).replaceAll(/\s+/g, ' '));
}

/** Formats a name that the user wrote. The name stays bare unless it needs quotes to keep the message on one line. */
export function quoteName(name: string): string {
  return /^[\w.-]{1,60}$/.test(name) ? name : quote(name);
}

/** Joins words as `a, b or c`. */
export function either(words: readonly string[]): string {
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}
