import { basename, extname, join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { checkKeys, checkValue, fail } from './check.ts';
import { importConfig, modulesLoadedAgain, parseConfig, readConfig } from './config-source.ts';
import { isEcosystem, readEcosystem } from './ecosystem.ts';
import { isFile } from './files.ts';
import { configLibraryKeys, libraryKeys } from './library.ts';
import { either, quote } from './quote.ts';
import { didYouMean } from './suggestion.ts';
import { optionRows, settingKeys } from './table.ts';
import type { App, Config } from './types.ts';

const extensions: readonly string[] = ['.js', '.mjs', '.ts', '.json'];
const names = extensions.map((extension) => `prefork.config${extension}`);
const appKeys: readonly string[] = ['entry', 'args', ...settingKeys, ...configLibraryKeys];
const knownKeys: readonly string[] = [...appKeys, 'apps'];
const libraryOnlyKeys: readonly string[] = libraryKeys.filter((key) => !knownKeys.includes(key));

/** A config file that was read. */
export interface LoadedConfig {
  /** The absolute path. */
  readonly file: string;
  /** The values, with known keys only. `resolveSettings` checks those that are options. */
  readonly values: Config;
  /** The text of the file. */
  readonly text: string;
  /** Lines for the user: what the file of another server has that has no counterpart here. */
  readonly notes: readonly string[];
}

/** A config file before it is run or parsed. */
export interface ConfigText extends Pick<LoadedConfig, 'file' | 'text'> {
  /** True when it is a module, which is run. */
  readonly isCode: boolean;
  /** The modules that are loaded again with it. */
  readonly modules: readonly string[];
}

/**
 * Reads the config file, if there is one. Its default export is an object, or a function that returns one.
 *
 * @param explicitFile the file that `--config` names; without it, prefork.config.{js,mjs,ts,json} in `cwd`.
 * @param app the one of its `apps` whose values count, on top of the file's own.
 * @param check sees the text before anything of it counts, and may return the config that stays. Nothing of the file is run then.
 * @param read reads the file.
 * @throws UsageError in one line with the file's name, and the line's number where that is known, and what `check` throws.
 */
export async function loadConfig(
  cwd: string,
  explicitFile?: string,
  app?: string,
  check: (read: ConfigText) => LoadedConfig | undefined = () => undefined,
  read?: (file: string) => string,
): Promise<LoadedConfig | undefined> {
  const file = explicitFile === undefined ? findConfig(cwd) : namedConfig(cwd, explicitFile);
  if (file === undefined) {
    if (app !== undefined)
      throw new UsageError(`--app: expected a config file with apps, got ${quote(app)} without one`);
    return undefined;
  }
  const text = readConfig(file, read);
  const isCode = extname(file) !== '.json';
  const kept = check({ file, text, isCode, modules: isCode ? modulesLoadedAgain(file) : [] });
  if (kept !== undefined) return kept;
  const value = isCode ? await importConfig(file, text) : parseConfig(file, text);
  const { config, notes } = isEcosystem(file) ? readEcosystem(file, value) : { config: value, notes: [] };
  return { file, values: withApp(basename(file), config, app), text, notes };
}

/** Names the place of a key for a message: the file, and the line where it can be found. */
export function placeOf({ file, text }: Pick<LoadedConfig, 'file' | 'text'>, key: string): string {
  const line = text.split('\n').findIndex((one) => new RegExp(`(?:^|[^\\w$])["']?${key}["']?\\s*:`).test(one)) + 1;
  return line === 0 ? `${basename(file)}: ${key}` : `${basename(file)}:${line}: ${key}`;
}

function findConfig(cwd: string): string | undefined {
  const found = names.filter((name) => isFile(join(cwd, name)));
  // Two files are refused, because the user may be editing the one that is not used.
  if (found.length > 1) throw new UsageError(`expected one config file, got ${found.join(' and ')}`);
  return found[0] === undefined ? undefined : join(cwd, found[0]);
}

function namedConfig(cwd: string, given: string): string {
  const file = resolve(cwd, given);
  if (given === '' || !isFile(file)) fail('--config', 'a file that exists', given);
  if (!extensions.includes(extname(file)) && !isEcosystem(file))
    fail('--config', `a file that ends in ${either(extensions)}`, given);
  return file;
}

/** Checks the whole file, also those apps that are not meant, and puts an app's values on top of the file's own. */
function withApp(name: string, value: unknown, app: string | undefined): Config {
  const { apps, ...shared } = checkConfig(name, value, knownKeys);
  if (apps === undefined) {
    if (app !== undefined) throw new UsageError(`${name}: expected apps, since --app names one of them`);
    return shared;
  }
  if (shared.name !== undefined) throw new UsageError(`${name}: name: expected none beside apps, which have their own`);
  const checked = checkApps(name, apps);
  if (app === undefined) return { ...shared, apps: checked };
  const found = checked.find((one) => one.name === app);
  if (found !== undefined) return { ...shared, ...found };
  const known = checked.map((one) => one.name);
  throw new UsageError(`--app: expected ${either(known)}, got ${quote(app)}${didYouMean(app, known)}`);
}

function checkApps(name: string, value: unknown): App[] {
  if (!Array.isArray(value) || value.length === 0) fail(`${name}: apps`, 'an array of objects, at least one', value);
  const apps = (value as unknown[]).map((one, at) => {
    const place = `${name}: apps[${at}]`;
    if (typeof one !== 'object' || one === null || Array.isArray(one)) fail(place, 'an object', one);
    const app = checkConfig(place, one, appKeys) as App;
    if (app.name === undefined) throw new UsageError(`${place}: expected a name, by which commands find this app`);
    checkValue(optionRows.name, `${place}: name`, app.name);
    return app;
  });
  const twice = apps.find(({ name: one }, at) => apps.findIndex((other) => other.name === one) !== at);
  if (twice !== undefined)
    throw new UsageError(`${name}: apps: expected a name for each, got ${quote(twice.name)} twice`);
  return apps;
}

function checkConfig(name: string, value: unknown, known: readonly string[]): Config {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = name.endsWith('.json') ? 'an object' : 'an object, or a function that returns one, as default export';
    return fail(name, kind, value);
  }
  const keys = Object.keys(value);
  const misplaced = keys.find((key) => libraryOnlyKeys.includes(key));
  if (misplaced !== undefined) throw new UsageError(`${name}: ${misplaced} works only in the library`);
  checkKeys(`${name}: `, keys, known);

  const { entry, args } = value as { entry?: unknown; args?: unknown };
  if (entry !== undefined && typeof entry !== 'string') fail(`${name}: entry`, 'the path of a file', entry);
  if (args !== undefined && !isStrings(args)) fail(`${name}: args`, 'an array of strings', args);
  return value;
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
