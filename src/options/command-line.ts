import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from '../errors.ts';
import { meantFlag } from './other-words.ts';
import { quote, quoteName } from './quote.ts';
import { didYouMean } from './suggestion.ts';
import { flagName, optionKeys, optionRows, type OptionKey } from './table.ts';

/** What the flags say, as written: `resolveSettings` reads it. */
export type Flags = Partial<Record<OptionKey, string>>;

/** The command line, taken apart. */
export interface CommandLine {
  readonly flags: Flags;
  /** As written; undefined when the command line ends before it. */
  readonly entry: string | undefined;
  /** All that follows the entry, untouched. */
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
 * Takes the command line apart. prefork's own options end at the entry, or at `--` before it: from there on even what
 * looks like one of them is the application's.
 *
 * @param argv without node and the script.
 * @throws UsageError for an option that is unknown, lacks its value, or has one too many.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  // parseArgs is lenient here, and its tokens are judged below: strict, it would judge the application's options too.
  const { tokens } = parseArgs({ args: [...argv], options: argumentTypes, strict: false, tokens: true });
  const entry = tokens.find((token) => token.kind === 'positional');
  const flags: Flags = {};
  const asked = { help: false, version: false };

  for (const token of tokens) {
    if (token === entry) break;
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const key = keyOfFlag.get(name);
    if (key !== undefined && optionRows[key].type === 'switch') {
      // Alone it means true; `--prefix-output=false` overrides a config file.
      flags[key] = value ?? 'true';
    } else if (key !== undefined) {
      // A value that looks like an option is the next option: this one was left without.
      if (value === undefined || (!inlineValue && /^-(?!\d)/.test(value))) throw missingValue(name);
      flags[key] = value;
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
    entryArguments: entry === undefined ? [] : argv.slice(entry.index + 1),
    ...asked,
  };
}

function missingValue(name: string): UsageError {
  return new UsageError(`--${name}: expected a value`);
}

function unknownFlag(rawName: string): UsageError {
  const known = Object.keys(argumentTypes).map((name) => `--${name}`);
  return new UsageError(`unknown option ${quoteName(rawName)}${meantFlag(rawName) || didYouMean(rawName, known)}`);
}
