import { basename } from 'node:path';
import process from 'node:process';
import { checkKeys, checkText, checkValue, fail } from './check.ts';
import type { Flags } from './command-line.ts';
import type { LoadedConfig } from './config-file.ts';
import { availableCores } from './machine/cores.ts';
import { entryName } from './entry.ts';
import { configLibraryKeys, libraryKeys, libraryTable } from './library.ts';
import { readValue, type ValueOf } from './shape.ts';
import { flagName, optionRows, settingKeys, variableName, type optionTable, type SettingKey } from './table.ts';
import type { LibraryOptions, Options, Settings } from './types.ts';

/** Where settings come from, the strongest first. The command has flags, the library has options. */
export interface Sources {
  readonly flags?: Flags | undefined;
  readonly options?: (Options & LibraryOptions) | undefined;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly config?: LoadedConfig | undefined;
  /** The path of the program, after which the server is called. */
  readonly entry?: string | undefined;
}

/** What the table says each key reads as. */
type Values = {
  readonly [Key in SettingKey]:
    | ValueOf<(typeof optionTable)[Key]>
    | ((typeof optionTable)[Key] extends { default: unknown } ? never : undefined);
};

/**
 * Decides every setting. All that was given is checked, also what a stronger source overrides: a mistake should show
 * when it is made, not when the flag that hid it goes.
 *
 * @throws UsageError that names the place, what was expected and what was got.
 */
export function resolveSettings(sources: Sources): Settings {
  checkLibraryOptions(sources);
  const values = Object.fromEntries(settingKeys.map((key) => [key, valueInForce(key, sources)])) as Values;
  return {
    ...values,
    workers: values.workers === 'auto' ? availableCores() : values.workers,
    name: values.name ?? entryName(sources.entry),
    isNameGiven: values.name !== undefined,
  };
}

function valueInForce(key: SettingKey, { flags, options, env = process.env, config }: Sources): unknown {
  const row = optionRows[key];
  const variable = variableName(key);
  const given = [
    checkText(row, `--${flagName(key)}`, flags?.[key]),
    checkValue(row, `options.${key}`, options?.[key]),
    // An empty variable is an unset one: that is how compose files and CI leave them out.
    checkText(row, variable, env[variable] || undefined),
    config && checkValue(row, `${basename(config.file)}: ${key}`, config.values[key]),
  ];
  return given.find((value) => value !== undefined) ?? readValue(row, row.default);
}

function checkLibraryOptions({ options = {}, config }: Sources): void {
  if (typeof options !== 'object' || options === null) fail('options', 'an object', options);
  checkKeys('', Object.keys(options), [...settingKeys, ...libraryKeys]);
  for (const key of libraryKeys) checkValue(libraryTable[key], `options.${key}`, options[key]);
  if (config === undefined) return;
  for (const key of configLibraryKeys) {
    checkValue(libraryTable[key], `${basename(config.file)}: ${key}`, config.values[key]);
  }
}
