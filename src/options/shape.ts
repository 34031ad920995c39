/** What a value can look like: the vocabulary in which options are described, and how each is read and named. */
import { either } from './quote.ts';
import { formatTime, LONGEST_TIME, parseTime } from './time.ts';

/** `word` may stand in place of the number. */
interface IntegerShape {
  readonly type: 'integer';
  readonly min: number;
  readonly max?: number;
  readonly word?: string;
}

interface ChoiceShape {
  readonly type: 'choice';
  readonly choices: readonly string[];
}

/** `min` and `max` in ms. */
interface TimeShape {
  readonly type: 'time';
  readonly min?: number;
  readonly max?: number;
}

interface PlainShape {
  readonly type: 'name' | 'path' | 'function' | 'logger';
}

export type Shape = IntegerShape | ChoiceShape | TimeShape | PlainShape;

/** The type of what is read: times are milliseconds by then. */
export type ValueOf<S extends Shape> = S extends { type: 'integer'; word: infer Word }
  ? number | Word
  : S extends { type: 'integer' | 'time' }
    ? number
    : S extends { type: 'choice'; choices: ReadonlyArray<infer Choice> }
      ? Choice
      : string;

/** Reads what a flag or variable says; undefined when it does not fit. */
export function readText(shape: Shape, text: string): string | number | undefined {
  return kindOf(shape).fromText(shape, text);
}

/** Reads what code or a config file says, where numbers are numbers; undefined when it does not fit. */
export function readValue(shape: Shape, value: unknown): unknown {
  return kindOf(shape).fromValue(shape, value);
}

/** Completes `expected ...` for what `readText` takes. */
export function expectedText(shape: Shape): string {
  return kindOf(shape).expected(shape);
}

/** Completes `expected ...` for what `readValue` takes. */
export function expectedValue(shape: Shape): string {
  return shape.type === 'time' ? `${expectedText(shape)}, or a whole number of ms` : expectedText(shape);
}

/** How the help shows a value: `<n|auto>`. */
export function placeholder(shape: Shape): string {
  return `<${kindOf(shape).hint(shape)}>`;
}

interface Kind<S extends Shape> {
  fromText(shape: S, text: string): string | number | undefined;
  fromValue(shape: S, value: unknown): unknown;
  expected(shape: S): string;
  hint(shape: S): string;
}

const integer: Kind<IntegerShape> = {
  fromText: (shape, text) => {
    return text === shape.word ? text : within(shape, /^\d{1,15}$/.test(text) ? Number(text) : undefined);
  },
  fromValue: (shape, value) => (value === shape.word ? value : within(shape, value)),
  expected: ({ min, max, word }) => {
    const range = max === undefined ? `a whole number of ${min} or more` : `a whole number from ${min} to ${max}`;
    return word === undefined ? range : `${range} or ${word}`;
  },
  hint: ({ word }) => (word === undefined ? 'n' : `n|${word}`),
};

const time: Kind<TimeShape> = {
  fromText: (shape, text) => within(timeRange(shape), parseTime(text)),
  fromValue: (shape, value) => within(timeRange(shape), typeof value === 'string' ? parseTime(value) : value),
  expected: (shape) => {
    const { min, max } = timeRange(shape);
    return `a time from ${formatTime(min)} to ${formatTime(max)} such as 10s or 500ms`;
  },
  hint: () => 'time',
};

const choice: Kind<ChoiceShape> = {
  ...textKind(({ choices }: ChoiceShape, text) => choices.includes(text)),
  expected: ({ choices }) => either(choices),
  hint: ({ choices }) => choices.join('|'),
};

const name: Kind<PlainShape> = {
  // Files are called after it, and commands take it: it must be neither a hidden file nor an option.
  ...textKind((_, text) => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(text)),
  expected: () => '1 to 64 letters, digits, ".", "_" or "-", not starting with "." or "-"',
  hint: () => 'name',
};

const path: Kind<PlainShape> = { ...textKind((_, text) => text !== ''), expected: () => 'a file', hint: () => 'file' };

const loggerFunctions = ['debug', 'info', 'warn', 'error'] as const;

const kinds: { readonly [Type in Shape['type']]: Kind<Extract<Shape, { type: Type }>> } = {
  integer,
  time,
  choice,
  name,
  path,
  function: codeKind('function', 'a function', (value) => typeof value === 'function'),
  logger: codeKind('logger', `an object with the functions ${loggerFunctions.join(', ')}`, isLogger),
};

function kindOf(shape: Shape): Kind<Shape> {
  return kinds[shape.type];
}

/** Text, wherever it stands. */
function textKind<S extends Shape>(fits: (shape: S, text: string) => boolean): Pick<Kind<S>, 'fromText' | 'fromValue'> {
  const fromText: Kind<S>['fromText'] = (shape, text) => (fits(shape, text) ? text : undefined);
  return { fromText, fromValue: (shape, value) => (typeof value === 'string' ? fromText(shape, value) : undefined) };
}

/** What text cannot say. */
function codeKind(hint: string, expected: string, fits: (value: unknown) => boolean): Kind<PlainShape> {
  return {
    fromText: () => undefined,
    fromValue: (_, value) => (fits(value) ? value : undefined),
    expected: () => expected,
    hint: () => hint,
  };
}

function within({ min, max = Infinity }: { min: number; max?: number }, value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && min <= value && value <= max ? value : undefined;
}

function timeRange({ min = 0, max = LONGEST_TIME }: TimeShape): { min: number; max: number } {
  return { min, max };
}

function isLogger(value: unknown): boolean {
  const logger = value as Record<string, unknown> | null;
  return (
    typeof logger === 'object' && logger !== null && loggerFunctions.every((one) => typeof logger[one] === 'function')
  );
}
