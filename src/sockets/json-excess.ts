/** How much a text of JSON may have. */
export interface JsonLimits {
  /** The most values, roughly: what is counted are commas, objects and lists. */
  readonly values: number;
  /** The most objects and lists. @default as many as there may be values */
  readonly objects?: number;
  /** The most keys that differ. V8 keeps a key once, and what objects of the same keys have in common, so others cost hardly anything. */
  readonly keys: number;
  /** The most levels. @default any number */
  readonly levels?: number;
}

export type JsonExcess = 'values' | 'objects' | 'keys' | 'levels';

/**
 * Says of what a text has too much, before any value of it is created: parsed, it may take tens of times its length in memory, and a
 * microsecond or three for each new key. Up to its first mistake a text is read as `JSON.parse` reads it.
 */
export function jsonExcess(
  text: Uint8Array,
  { values, objects = values, keys, levels = Infinity }: JsonLimits,
): JsonExcess | undefined {
  const seen = new Set<number>();
  const hash = newHash();
  let commas = 0;
  let begun = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (byte === QUOTE) {
      const end = endOfString(text, at + 1);
      if (isColonNext(text, end + 1) && seen.add(hash(text, at + 1, end)).size > keys) return 'keys';
      at = end;
    } else if (byte === COMMA) commas++;
    else if (byte === BRACE || byte === BRACKET) {
      begun++;
      depth++;
    } else if (byte === END_BRACE || byte === END_BRACKET) depth--;
    if (depth > levels) return 'levels';
    if (begun > objects) return 'objects';
    if (commas + begun > values) return 'values';
  }
  return undefined;
}

/** @returns the place of the quote that ends the string, or the length of the text. */
function endOfString(text: Uint8Array, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
  return Math.min(at, text.length);
}

function isColonNext(text: Uint8Array, from: number): boolean {
  let at = from;
  while (text[at] === SPACE || text[at] === TAB || text[at] === LINE_FEED || text[at] === RETURN) at++;
  return text[at] === COLON;
}

/** Makes a hash that no sender can foresee, and so think of keys that are counted as one. */
function newHash(): (text: Uint8Array, from: number, end: number) => number {
  const factor = Math.floor(Math.random() * 2 ** 31) * 2 + 1;
  const first = Math.floor(Math.random() * 2 ** 32);
  return (text, from, end) => {
    let sum = first;
    for (let at = from; at < end; at++) sum = Math.imul(sum ^ text[at]!, factor);
    return sum;
  };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const BRACE = 0x7b;
const BRACKET = 0x5b;
const END_BRACE = 0x7d;
const END_BRACKET = 0x5d;
const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
