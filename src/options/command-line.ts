import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from '../errors.ts';
import { nodeFlagAt } from './launch/node-flags.ts';
import { meantFlag } from './other-words.ts';
import { quote, quoteName } from './quote.ts';
import { LIST_SEPARATOR } from './shape.ts';
import { didYouMean } from './suggestion.ts';
import { flagName, optionKeys, optionRows, type OptionKey } from './table.ts';

/** The values of the flags as they were written, those of a list on lines. `resolveSettings` reads them. */
export type Flags = Partial<Record<OptionKey, string>>;

/** The command line, parsed. */
export interface CommandLine {
  readonly flags: Flags;
  /** The entry as it was written; undefined when the command line ends before it. */
  readonly entry: string | undefined;
  /** All arguments after the entry, untouched. */
  readonly entryArguments: string[];
  readonly help: boolean;
  readonly version: boolean;
}

type ArgumentTypes = NonNullable<ParseArgsConfig['options']>;

const argumentTypes: ArgumentTypes = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
};
const keyOfFlag = new Map<string, OptionKey>();
for (const key of optionKeys) {
  const { short, type } = optionRows[key];
  argumentTypes[flagName(key)] = {
    type: type === 'switch' ? 'boolean' : 'string',
    ...(short !== undefined && { short }),
  };
  keyOfFlag.set(flagName(key), key);
}

/**
 * Parses the command line. prefork's own options end at the entry, or at a `--` before it. From there on every argument
 * belongs to the application, even one that looks like an option of prefork. Node's flags before the entry are as
 * `--node-arg`.
 *
 * @param argv the arguments without node and the script.
 * @throws UsageError for an option that is unknown, lacks its value, or has one too many.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  // parseArgs is lenient here and the loop below judges its tokens. In strict mode it would judge the application's
  // options too.
  const args = withNodeArgs(argv);
  const { tokens } = parseArgs({ args: [...args], options: argumentTypes, strict: false, tokens: true });
  const entry = tokens.find((token) => token.kind === 'positional');
  const flags: Flags = {};
  const asked = { help: false, version: false };

  for (const token of tokens) {
    if (token === entry) break;
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const key = keyOfFlag.get(name);
    if (key !== undefined && optionRows[key].type === 'switch') {
      // A switch without a value means true. `--prefix-output=false` overrides a config file.
      flags[key] = value ?? 'true';
    } else if (key !== undefined) {
      // A value that looks like an option is the next option, so this one has no value.
      const isFlag = key !== 'nodeArgs' && /^-(?!\d)/.test(value ?? '');
      if (value === undefined || (!inlineValue && isFlag)) throw missingValue(name);
      const isNext = optionRows[key].type === 'list' && flags[key] !== undefined;
      flags[key] = isNext ? `${flags[key]}${LIST_SEPARATOR}${value}` : value;
    } else if (name === 'help' || name === 'version') {
      if (value !== undefined) throw new UsageError(`--${name}: expected no value, got ${quote(value)}`);
      asked[name] = true;
    } else {
      throw unknownFlag(rawName);
    }
  }
  return {
    flags,
    entry: entry?.value,
    entryArguments: entry === undefined ? [] : args.slice(entry.index + 1),
    ...asked,
  };
}

/** Puts `--node-arg` before the flags of node's that come before the entry. */
function withNodeArgs(argv: readonly string[]): readonly string[] {
  const args: string[] = [];
  let at = 0;
  while (at < argv.length) {
    const argument = argv[at]!;
    if (argument === '--' || !/^-./.test(argument)) break;
    const own = ownFlag(argument);
    if (own === undefined) {
      const flags = nodeFlagAt(argv, at, isMisspelt);
      // An argument that is no flag of node's is left to be complained about.
      args.push(...(flags.length === 0 ? [argument] : flags.map((flag) => `--node-arg=${flag}`)));
      at += Math.max(1, flags.length);
    } else {
      const count = own === 'with a value' ? 2 : 1;
      args.push(...argv.slice(at, at + count));
      at += count;
    }
  }
  return [...args, ...argv.slice(at)];
}

/** Returns undefined for an argument that is no option of prefork's. `with a value`: the next argument is its value. */
function ownFlag(argument: string): 'alone' | 'with a value' | undefined {
  const isLong = argument.startsWith('--');
  const [name = ''] = isLong ? argument.slice(2).split('=', 1) : [];
  const found = isLong
    ? Object.hasOwn(argumentTypes, name) && argumentTypes[name]
    : Object.values(argumentTypes).find(({ short }) => short === argument[1]);
  if (found === undefined || found === false) return undefined;
  const hasValue = isLong ? argument.includes('=') : argument.length > 2;
  return found.type === 'string' && !hasValue ? 'with a value' : 'alone';
}

function isMisspelt(flag: string): boolean {
  return meantFlag(flag) !== '' || didYouMean(flag, knownFlags()) !== '';
}

function knownFlags(): string[] {
  return Object.keys(argumentTypes).map((name) => `--${name}`);
}

function missingValue(name: string): UsageError {
  return new UsageError(`--${name}: expected a value`);
}

function unknownFlag(rawName: string): UsageError {
  return new UsageError(
    `unknown option ${quoteName(rawName)}${meantFlag(rawName) || didYouMean(rawName, knownFlags())}`,
  );
}
