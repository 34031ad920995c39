import { basename } from 'node:path';
import process from 'node:process';
import { checkKeys, checkText, checkValue, fail } from './check.ts';
import type { Flags } from './command-line.ts';
import type { LoadedConfig } from './config-file.ts';
import { availableCores } from './machine/cores.ts';
import { entryName } from './launch/entry.ts';
import { configLibraryKeys, libraryKeys, libraryTable } from './library.ts';
import { resolveRange } from './values/range.ts';
import { readValue, type ValueOf } from './shape.ts';
import { flagName, optionRows, settingKeys, variableName, type optionTable, type SettingKey } from './table.ts';
import type { LibraryOptions, Options, Settings } from './types.ts';

/** The sources of settings, the strongest first. The command has flags, the library has options. */
export interface Sources {
  readonly flags?: Flags | undefined;
  readonly options?: (Options & LibraryOptions) | undefined;
  /** The environment. @default process.env */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly config?: LoadedConfig | undefined;
  /** The path of the program, which gives the server its name. */
  readonly entry?: string | undefined;
}

/** The type that the table gives each key. */
type Values = {
  readonly [Key in SettingKey]:
    | ValueOf<(typeof optionTable)[Key]>
    | ((typeof optionTable)[Key] extends { default: unknown } ? never : undefined);
};

/**
 * Decides every setting. Every source is checked, even where a stronger one overrides it: a mistake should show when it
 * is made, not when the flag that hid it goes.
 *
 * @throws UsageError that names the place, what was expected and what was got.
 */
export function resolveSettings(sources: Sources): Settings {
  checkLibraryOptions(sources);
  const values = Object.fromEntries(settingKeys.map((key) => [key, valueInForce(key, sources)])) as Values;
  return {
    ...values,
    ...workersOf(values.watch && !isGiven('workers', sources) ? 1 : values.workers),
    maxBoots: values.maxBoots === 'auto' ? availableCores() : values.maxBoots,
    name: values.name ?? entryName(sources.entry),
    isNameGiven: values.name !== undefined,
  };
}

/** Decides how many workers there are at the start. With a range it is one for each core, or the nearest number. */
function workersOf(workers: Values['workers'], cores: number = availableCores()): Pick<Settings, 'workers' | 'range'> {
  if (workers === 'auto') return { workers: cores, range: undefined };
  if (typeof workers === 'number') return { workers, range: undefined };
  const range = resolveRange(workers, cores);
  if (range === undefined) {
    fail(
      'workers',
      `a range that does not end below its beginning, with auto for ${cores}`,
      `${workers.least}..${workers.most}`,
    );
  }
  return { workers: Math.max(range.least, Math.min(range.most, cores)), range };
}

function isGiven(key: SettingKey, { flags, options, env = process.env, config }: Sources): boolean {
  const given = [flags?.[key], options?.[key], env[variableName(key)] || undefined, config?.values[key]];
  return given.some((value) => value !== undefined);
}

function valueInForce(key: SettingKey, { flags, options, env = process.env, config }: Sources): unknown {
  const row = optionRows[key];
  const variable = variableName(key);
  const given = [
    checkText(row, `--${flagName(key)}`, flags?.[key]),
    checkValue(row, `options.${key}`, options?.[key]),
    // An empty variable counts as unset, because compose files and CI leave variables out that way.
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
