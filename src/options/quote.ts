import { inspect } from 'node:util';

const LONGEST = 60;

/** A value as messages show it: on one line, not too long, and with text told from numbers by its quotes. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (typeof value === 'function') return 'a function';
  return shorten(inspect(value, { depth: 0, breakLength: Infinity }).replaceAll(/\s+/g, ' '));
}

/** A name that the user wrote: bare, unless quotes are what keeps the message on one line. */
export function quoteName(name: string): string {
  return /^[\w.-]{1,60}$/.test(name) ? name : quote(name);
}

/** `a, b or c` */
export function either(words: readonly string[]): string {
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}
