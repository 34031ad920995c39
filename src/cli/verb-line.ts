import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from '../errors.ts';
import { checkText } from '../options/check.ts';
import { quote, quoteName } from '../options/quote.ts';
import { didYouMean } from '../options/suggestion.ts';
import { flagName, optionKeys, optionRows } from '../options/table.ts';

/** An option with a value: its name in the help, and the help's sentence. */
export interface ValueShape {
  /** The letter of the short form, such as the `o` of `-o`. */
  readonly short?: string;
  readonly value: string;
  readonly about: string;
}

/** The options of a command beside `--name` and `--help`. */
export interface VerbShape {
  /** True when the command concerns no server in particular and takes no `--name`. */
  readonly isNameless?: boolean;
  /** Options without a value, such as `--now`, each with its sentence in the help. */
  readonly flags?: Readonly<Record<string, string>>;
  /** The letters of flags that have a short form. */
  readonly shortFlags?: Readonly<Record<string, string>>;
  /** Options with a value, such as `--seconds <n>`. */
  readonly values?: Readonly<Record<string, ValueShape>>;
  /**
   * The command's one argument, in words that complete `expected ...`. A command without one of its own takes the name
   * of the server there, too.
   */
  readonly argument?: string;
}

/** The arguments of a command, parsed. */
export interface VerbLine {
  /** The name of the server, from `--name` or the argument. */
  readonly name: string | undefined;
  readonly help: boolean;
  /** The options of `VerbShape.flags` that were given. */
  readonly flags: ReadonlySet<string>;
  /** The values of `VerbShape.values` that were given. The last one counts when an option repeats. */
  readonly values: ReadonlyMap<string, string>;
  /** Undefined when the argument is missing, or when the command takes none. */
  readonly argument: string | undefined;
}

/**
 * Parses the arguments of a command.
 *
 * @throws UsageError for an unknown option, for one that lacks its value or has one too many, and for too many
 *   arguments.
 */
export function parseVerbLine(
  argv: readonly string[],
  { flags = {}, shortFlags = {}, values = {}, argument, isNameless = false }: VerbShape,
): VerbLine {
  const types: NonNullable<ParseArgsConfig['options']> = {
    ...Object.fromEntries(Object.entries(values).map(([name, shape]) => [name, valueType(shape)])),
    ...(!isNameless && { name: { type: 'string', short: 'n' } as const }),
    help: { type: 'boolean', short: 'h' },
    ...Object.fromEntries(Object.keys(flags).map((flag) => [flag, { type: 'boolean' } as const])),
    ...Object.fromEntries(
      Object.entries(shortFlags).map(([short, flag]) => [flag, { type: 'boolean', short } as const]),
    ),
  };
  // `-1` is a value here. The space before it keeps parseArgs from reading it as an option.
  const args = argv.map((arg) => (/^-\d/.test(arg) ? ` ${arg}` : arg));
  const { tokens } = parseArgs({ args, options: types, strict: false, tokens: true });
  const given = new Set<string>();
  const taken = new Map<string, string>();
  const rest: string[] = [];
  let name: string | undefined;

  for (const token of tokens) {
    if (token.kind === 'positional') rest.push(token.value.trim());
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(types, token.name)) throw unknownOption(token.rawName, Object.keys(types));
    if (token.name === 'name') name = readName(token.value, token.inlineValue);
    else if (Object.hasOwn(values, token.name)) {
      taken.set(token.name, readValue(`--${token.name}`, token.value, token.inlineValue));
    } else if (token.value === undefined) given.add(token.name);
    else throw new UsageError(`--${token.name}: expected no value, got ${quote(token.value)}`);
  }
  const isName = argument === undefined && !isNameless;
  const tooMany = rest[isName || argument !== undefined ? 1 : 0];
  if (tooMany !== undefined) throw new UsageError(`expected no argument ${quote(tooMany)}`);
  if (isName && rest[0] !== undefined) {
    if (name !== undefined) throw new UsageError(`expected one name, got ${quote(name)} and ${quote(rest[0])}`);
    name = checkText(optionRows.name, 'name', rest[0]) as string;
  }
  return { name, help: given.has('help'), flags: given, values: taken, argument: rest[0] };
}

/**
 * Reads an option of `VerbShape.values` as a whole number.
 *
 * @param preset the value when the option is not given.
 * @throws UsageError
 */
export function readNumber(
  { values }: VerbLine,
  name: string,
  { min, max, preset }: { readonly min: number; readonly max: number; readonly preset: number },
): number {
  const text = values.get(name);
  if (text === undefined) return preset;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`--${name}: expected a whole number from ${min} to ${max}, got ${quote(text)}`);
}

function valueType({ short }: ValueShape): { type: 'string'; short?: string } {
  return { type: 'string', ...(short !== undefined && { short }) };
}

function readName(value: string | undefined, isInline: boolean | undefined): string {
  return checkText(optionRows.name, '--name', readValue('--name', value, isInline)) as string;
}

/** A value that looks like an option is one, so the value is missing. */
function readValue(place: string, value: string | undefined, isInline: boolean | undefined): string {
  if (value === undefined || (isInline !== true && value.startsWith('-'))) {
    throw new UsageError(`${place}: expected a value`);
  }
  return value.trim();
}

function unknownOption(rawName: string, known: readonly string[]): UsageError {
  const flags = known.map((name) => `--${name}`);
  return new UsageError(`unknown option ${quoteName(rawName)}${didYouMean(rawName, flags) || placeOf(rawName)}`);
}

/** Says where an option of a server belongs: at its start. */
function placeOf(rawName: string): string {
  const isOfServers = optionKeys.some((key) => {
    const { short } = optionRows[key];
    return rawName === `--${flagName(key)}` || (short !== undefined && rawName === `-${short}`);
  });
  return isOfServers ? `: it belongs to starting a server (prefork ${rawName} ... <entry>)` : '';
}
