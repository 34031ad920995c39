import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from '../errors.ts';
import { meantFlag } from './other-words.ts';
import { quote, quoteName } from './quote.ts';
import { didYouMean } from './suggestion.ts';
import { flagName, optionKeys, optionRows, type OptionKey } from './table.ts';

/** The values of the flags as they were written. `resolveSettings` reads them. */
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
 * belongs to the application, even one that looks like an option of prefork.
 *
 * @param argv the arguments without node and the script.
 * @throws UsageError for an option that is unknown, lacks its value, or has one too many.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  // parseArgs is lenient here and the loop below judges its tokens. In strict mode it would judge the application's
  // options too.
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
      // A switch without a value means true. `--prefix-output=false` overrides a config file.
      flags[key] = value ?? 'true';
    } else if (key !== undefined) {
      // A value that looks like an option is the next option, so this one has no value.
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
