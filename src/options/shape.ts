/** The shapes of values: the vocabulary that describes options, and how each shape is read and named. */
import type { CanaryShare, MetricLimit } from '../contract/canary.ts';
import { MOST_WORKERS } from '../contract/limits.ts';
import { isTrustable } from '../contract/networks.ts';
import { parseMetricLimits, readMetricLimits } from './values/metric-limits.ts';
import { parsePercent } from './values/percent.ts';
import { either } from './quote.ts';
import { formatSize, LARGEST_SIZE_BYTES, parseSize } from './values/size.ts';
import { parseRange, type WorkerRange } from './values/range.ts';
import { formatTime, LONGEST_TIME_MS, parseTime } from './values/time.ts';
import { hasFields } from '../contract/fields.ts';

/** A whole number. `word` may stand in its place. */
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

/** A time with `min` and `max` in ms, or a size with both in bytes. `zero` allows 0 below `min`; it means off. */
interface MeasureShape {
  readonly type: 'time' | 'size';
  readonly min?: number;
  readonly max?: number;
  readonly zero?: true;
}

/** Several values of one kind. A flag is given once for each, and a variable has each on a line of its own. */
interface ListShape {
  readonly type: 'list';
  /** A flag of node's begins with a dash, and its own value may follow it in the list. */
  readonly of: 'file' | 'node flag';
}

/** Several words with commas between them. */
interface WordsShape {
  readonly type: 'words';
  readonly of: keyof typeof wordKinds;
}

/** A percentage, which is read as a number of percent. */
interface PercentShape {
  readonly type: 'percent';
  readonly min: number;
  readonly max: number;
}

interface PlainShape {
  readonly type:
    | 'share'
    | 'metrics'
    | 'name'
    | 'account'
    | 'ports'
    | 'path'
    | 'directory'
    | 'address'
    | 'route'
    | 'version'
    | 'variable'
    | 'variables'
    | 'switch'
    | 'function'
    | 'logger';
}

/** A number of workers, or a range of it. `auto` may stand for each number. */
interface WorkersShape {
  readonly type: 'workers';
  readonly min: number;
  readonly max: number;
}

export type Shape =
  | IntegerShape
  | WorkersShape
  | ChoiceShape
  | MeasureShape
  | ListShape
  | WordsShape
  | PercentShape
  | PlainShape;

/** The type of the value that is read: milliseconds for a time, bytes for a size. */
export type ValueOf<S extends Shape> = S extends { type: 'integer'; word: infer Word }
  ? number | Word
  : S extends { type: 'workers' }
    ? number | 'auto' | WorkerRange
    : S extends { type: 'integer' | 'time' | 'size' | 'percent' }
      ? number
      : S extends { type: 'choice'; choices: ReadonlyArray<infer Choice> }
        ? Choice
        : S extends { type: 'account' }
          ? string | number
          : S extends { type: 'ports' }
            ? readonly number[]
            : S extends { type: 'list' | 'words' }
              ? readonly string[]
              : S extends { type: 'metrics' }
                ? readonly MetricLimit[]
                : S extends { type: 'share' }
                  ? CanaryShare
                  : S extends { type: 'switch' }
                    ? boolean
                    : string;

/** The values that text can express. */
type TextValue =
  | string
  | number
  | boolean
  | readonly number[]
  | readonly string[]
  | readonly MetricLimit[]
  | WorkerRange;

/** What separates the values of a list in a variable. No flag of node's, and no file that anyone wants, has it. */
export const LIST_SEPARATOR = '\n';

/** Reads the text of a flag or variable; undefined when it does not fit. */
export function readText(shape: Shape, text: string): TextValue | undefined {
  return kindOf(shape).fromText(shape, text);
}

/** Reads a value from code or a config file, where numbers are numbers; undefined when it does not fit. */
export function readValue(shape: Shape, value: unknown): unknown {
  return kindOf(shape).fromValue(shape, value);
}

/** Completes `expected ...` for what `readText` takes. */
export function expectedText(shape: Shape): string {
  return kindOf(shape).expected(shape);
}

/** Completes `expected ...` for what `readValue` takes. */
export function expectedValue(shape: Shape): string {
  const unit = shape.type === 'time' ? 'ms' : shape.type === 'size' ? 'bytes' : undefined;
  return unit === undefined ? expectedText(shape) : `${expectedText(shape)}, or a whole number of ${unit}`;
}

/** Returns how the help shows a value, such as ` <n|auto>`. A switch has none. */
export function placeholder(shape: Shape): string {
  return shape.type === 'switch' ? '' : ` <${kindOf(shape).hint(shape)}>`;
}

interface Kind<S extends Shape> {
  fromText(shape: S, text: string): TextValue | undefined;
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

const workers: Kind<WorkersShape> = {
  fromText: (shape, text) => {
    if (text === 'auto') return text;
    return parseRange(text) ?? within(shape, /^\d{1,15}$/.test(text) ? Number(text) : undefined);
  },
  fromValue: (shape, value) =>
    typeof value === 'string' && !/^\d+$/.test(value) ? workers.fromText(shape, value) : within(shape, value),
  expected: ({ min, max }) => `a whole number from ${min} to ${max}, auto, or a range of these such as 2..8`,
  hint: () => 'n|auto|n..n',
};

const time: Kind<MeasureShape> = measure('time', 'such as 10s or 500ms', LONGEST_TIME_MS, parseTime, formatTime);

const size: Kind<MeasureShape> = measure('size', 'such as 512mb or 2gb', LARGEST_SIZE_BYTES, parseSize, formatSize);

const choice: Kind<ChoiceShape> = {
  ...textKind(({ choices }: ChoiceShape, text) => choices.includes(text)),
  expected: ({ choices }) => either(choices),
  hint: ({ choices }) => choices.join('|'),
};

const name: Kind<PlainShape> = {
  // Files are named after it and commands take it, so it may be neither a hidden file nor an option.
  ...textKind((_, text) => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(text)),
  expected: () => '1 to 64 letters, digits, ".", "_" or "-", not starting with "." or "-"',
  hint: () => 'name',
};

const account: Kind<PlainShape> = {
  // A colon ends the name in passwd(5), and a name of digits is an id. The highest id stands for -1 and belongs to no
  // user.
  fromText: (_, text) => {
    if (/^\d+$/.test(text)) return within(accountIds, Number(text));
    return /^[^-\s:,/][^\s:,/]{0,255}$/.test(text) ? text : undefined;
  },
  fromValue: (shape, value) => {
    return typeof value === 'string' ? account.fromText(shape, value) : within(accountIds, value);
  },
  expected: () => `a name, or an id from 0 to ${accountIds.max}`,
  hint: () => 'name|id',
};

const ports: Kind<PlainShape> = {
  fromText: (_, text) => portList(text.split(',').map((port) => (/^\d+$/.test(port) ? Number(port) : undefined))),
  fromValue: (_, value) => (Array.isArray(value) ? portList(value) : undefined),
  expected: () => 'ports from 1 to 65535, such as 80,443',
  hint: () => 'ports',
};

const percent: Kind<PercentShape> = {
  fromText: ({ min, max }, text) => {
    const number = parsePercent(text);
    return number !== undefined && min <= number && number <= max ? number : undefined;
  },
  // A number alone could be percent or a share of one.
  fromValue: (shape, value) => (typeof value === 'string' ? percent.fromText(shape, value) : undefined),
  expected: ({ min, max }) => `a percentage from ${min}% to ${max}% such as 50%`,
  hint: () => 'n%',
};

const share: Kind<PlainShape> = {
  fromText: (_, text) => {
    const [, digits, sign] = /^(\d{1,4})(%?)$/.exec(text) ?? [];
    return digits === undefined ? undefined : shareOf(Number(digits), sign === '%');
  },
  fromValue: (shape, value) => {
    if (typeof value === 'string') return share.fromText(shape, value);
    return typeof value === 'number' ? shareOf(value, false) : undefined;
  },
  expected: () => `a number of workers from 0 to ${MOST_WORKERS}, or a share of them from 1% to 99%`,
  hint: () => 'n|n%',
};

function shareOf(number: number, isPercent: boolean): CanaryShare | undefined {
  if (!Number.isInteger(number) || number < 0) return undefined;
  if (isPercent) return number >= 1 && number <= 99 ? `${number}%` : undefined;
  return number <= MOST_WORKERS ? number : undefined;
}

const metrics: Kind<PlainShape> = {
  fromText: (_, text) => parseMetricLimits(text),
  fromValue: (_, value) => (Array.isArray(value) ? readMetricLimits(value) : undefined),
  expected: () => 'metrics, which way is worse and by how much, such as orders_failed_total:higher:50%',
  hint: () => 'metrics',
};

const path: Kind<PlainShape> = { ...textKind((_, text) => text !== ''), expected: () => 'a file', hint: () => 'file' };

const directory: Kind<PlainShape> = {
  ...textKind((_, text) => text !== ''),
  expected: () => 'a directory',
  hint: () => 'directory',
};

const several: Kind<ListShape> = {
  fromText: (shape, text) => stringList(shape, text.split(LIST_SEPARATOR).filter(Boolean)),
  fromValue: (shape, value) => {
    return stringList(shape, typeof value === 'string' && shape.of === 'file' ? [value] : value);
  },
  expected: ({ of }) => (of === 'file' ? 'a file, or several' : 'flags of node, such as --max-old-space-size=512'),
  hint: ({ of }) => (of === 'file' ? 'file' : 'flag'),
};

/** What each word of a list may be. */
const wordKinds = {
  network: {
    fits: (word: string): boolean => isTrustable(word),
    expected: 'addresses and networks such as 10.0.0.0/8,fd00::/8, and unix for Unix sockets',
  },
  host: {
    // Digits alone would be an address, and a star stands for the names below one.
    fits: (word: string): boolean => /^(?:\*\.)?[\w-]+(?:\.[\w-]+)*$/.test(word) && word.length <= 253,
    expected: 'names of hosts such as metrics.example.com,*.internal.example',
  },
} as const;

const words: Kind<WordsShape> = {
  fromText: (shape, text) => wordList(shape, text.split(',')),
  fromValue: (shape, value) => (typeof value === 'string' ? words.fromText(shape, value) : wordList(shape, value)),
  expected: ({ of }) => wordKinds[of].expected,
  hint: ({ of }) => `${of}s`,
};

function wordList({ of }: WordsShape, list: unknown): readonly string[] | undefined {
  const { fits } = wordKinds[of];
  return Array.isArray(list) && list.length > 0 && list.every((one) => typeof one === 'string' && fits(one))
    ? list
    : undefined;
}

const route: Kind<PlainShape> = {
  ...textKind((_, text) => /^\/[\w.~!$&'()*+,;=:@%/-]{0,255}$/.test(text)),
  expected: () => 'a path such as /healthz',
  hint: () => 'path',
};

const version: Kind<PlainShape> = {
  ...textKind((_, text) => /^[\x21-\x7e]{1,64}$/.test(text)),
  expected: () => '1 to 64 characters without blanks, such as 1.4.2 or a commit',
  hint: () => 'version',
};

const variable: Kind<PlainShape> = {
  ...textKind((_, text) => isVariable(text)),
  expected: () => 'the name of a variable, or none',
  hint: () => 'name|none',
};

const address: Kind<PlainShape> = {
  ...textKind((_, text) => isAddress(text)),
  expected: () => 'a port, ":port", "host:port" or "[::1]:port"',
  hint: () => 'address',
};

const switches: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

const onOff: Kind<PlainShape> = {
  fromText: (_, text) => (Object.hasOwn(switches, text) ? switches[text] : undefined),
  fromValue: (_, value) => (typeof value === 'boolean' ? value : undefined),
  expected: () => 'true or false',
  hint: () => 'true|false',
};

const accountIds = { min: 0, max: 4_294_967_294 };

const loggerFunctions = ['debug', 'info', 'warn', 'error'] as const;

const kinds: { readonly [Type in Shape['type']]: Kind<Extract<Shape, { type: Type }>> } = {
  integer,
  workers,
  time,
  size,
  percent,
  share,
  metrics,
  choice,
  name,
  account,
  ports,
  path,
  directory,
  list: several,
  words,
  address,
  route,
  version,
  variable,
  switch: onOff,
  variables: codeKind('variables', 'an object of names and strings, numbers or booleans', isVariables),
  function: codeKind('function', 'a function', (value) => typeof value === 'function'),
  logger: codeKind('logger', `an object with the functions ${loggerFunctions.join(', ')}`, isLogger),
};

function kindOf(shape: Shape): Kind<Shape> {
  return kinds[shape.type];
}

/** A number with its unit as text, or without a unit as a value. */
function measure(
  hint: 'time' | 'size',
  such: string,
  most: number,
  parse: (text: string) => number | undefined,
  format: (count: number) => string,
): Kind<MeasureShape> {
  const fit = ({ min = 0, max = most, zero }: MeasureShape, count: unknown): number | undefined => {
    return zero === true && count === 0 ? 0 : within({ min, max }, count);
  };
  return {
    fromText: (shape, text) => fit(shape, parse(text)),
    fromValue: (shape, value) => fit(shape, typeof value === 'string' ? parse(value) : value),
    expected: ({ min = 0, max = most, zero }) => {
      const range =
        max === most && hint === 'size' ? `of ${format(min)} or more` : `from ${format(min)} to ${format(max)}`;
      return `${zero === true ? '0 or ' : ''}a ${hint} ${range} ${such}`;
    },
    hint: () => hint,
  };
}

/** A shape that is text in every source. */
function textKind<S extends Shape>(fits: (shape: S, text: string) => boolean): Pick<Kind<S>, 'fromText' | 'fromValue'> {
  const fromText: Kind<S>['fromText'] = (shape, text) => (fits(shape, text) ? text : undefined);
  return { fromText, fromValue: (shape, value) => (typeof value === 'string' ? fromText(shape, value) : undefined) };
}

/** A shape that only code can give, not text. */
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

function portList(list: readonly unknown[]): readonly number[] | undefined {
  const fits = list.length > 0 && list.every((port) => within({ min: 1, max: 65_535 }, port) !== undefined);
  return fits ? (list as number[]) : undefined;
}

function stringList({ of }: ListShape, value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const fits = value.every((one) => typeof one === 'string' && one !== '' && !one.includes('\0'));
  // The first is a flag, and what follows may be its value.
  return fits && (of === 'file' || value.length === 0 || (value[0] as string).startsWith('-')) ? value : undefined;
}

function isVariable(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text);
}

function isVariables(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([variableName, one]) => isVariable(variableName) && ['string', 'number', 'boolean'].includes(typeof one),
  );
}

function isAddress(text: string): boolean {
  const [, port] = /^(?:(?:\[[\da-fA-F:.]+\]|[\w.-]*):)?(\d{1,5})$/.exec(text) ?? [];
  return port !== undefined && Number(port) <= 65_535;
}

function isLogger(value: unknown): boolean {
  return hasFields(value) && loggerFunctions.every((one) => typeof value[one] === 'function');
}
