/** Reads what the workers of a generation run. Each reload and each upgrade reads it anew. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { UsageError } from '../../errors.ts';
import type { Flags } from '../command-line.ts';
import type { LoadedConfig } from '../config-file.ts';
import { followDirectory, type NamedDirectory } from './directory.ts';
import { entryName, resolveEntry } from './entry.ts';
import { readEnvFiles, variablesOf, type EnvFile } from './env-files.ts';
import { isDirectory, isFile } from '../files.ts';
import { quote } from '../quote.ts';
import { checkNodeFlags } from './node-flags.ts';
import { packageVersion } from './package-version.ts';
import { resolveSettings } from '../settings.ts';
import type { LibraryOptions, Options, Settings } from '../types.ts';

/** The program that runs in a worker. */
export interface Program {
  readonly entry: string;
  readonly args: readonly string[];
  /** Flags for node itself. */
  readonly execArgv: readonly string[];
  /** The working directory. @default the primary's */
  readonly cwd?: string;
  /** The file of `--primary`, as an absolute path. @default none */
  readonly primary?: string | undefined;
  /** Variables that are added to the primary's own. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** The version of the application. @default it is not known */
  readonly version?: string | undefined;
}

/** What a generation of workers runs, and with which settings. */
export interface Launch {
  readonly program: Program;
  readonly settings: Settings;
  readonly directory: NamedDirectory;
  readonly config: LoadedConfig | undefined;
  readonly envFiles: readonly EnvFile[];
}

/** What is the same for every generation. */
export interface LaunchTerms {
  readonly flags?: Flags;
  readonly options?: Options & LibraryOptions;
  /** The directory that prefork was started in, by its name. */
  readonly home: string;
  /** Undefined where the config file names it. A relative path starts from the working directory. */
  readonly entry: string | undefined;
  readonly args: readonly string[];
  /** The flags of node that this process itself has. */
  readonly execArgv: readonly string[];
  /** The names of prefork's commands, for a suggestion. */
  readonly commands?: readonly string[];
}

/**
 * Reads it.
 *
 * @param config the config file as it is now.
 * @param read reads a file of variables, and each package.json. @default whatever its path leads to
 * @throws UsageError when anything that was given cannot be had.
 */
export function readLaunch(
  terms: LaunchTerms,
  config: LoadedConfig | undefined,
  read?: (file: string) => string,
): Launch {
  const { flags, options, home, execArgv, commands } = terms;
  const given = terms.entry ?? config?.values.entry;
  if (given === undefined) throw new UsageError('no entry given; usage: prefork [options] <entry> [arguments]');
  const args = terms.entry === undefined ? (config?.values.args ?? []) : terms.args;
  const plain = resolveSettings({ flags, options, env: process.env, config });
  const { cwd, nodeArgs = [] } = plain;
  const directory = followDirectory(resolve(home, cwd ?? ''));
  const { named, real } = directory;
  resolveEntry(given, real, commands, read);
  checkNodeFlags('--node-arg', nodeArgs);
  const name = plain.isNameGiven ? plain.name : entryName(resolve(named, given));
  const settings = { ...plain, name };
  const envFiles = readEnvFiles(settings.envFile ?? [], real, read);
  const env = {
    ...without(variablesOf(envFiles), process.env),
    ...texts((options ?? config?.values)?.env ?? {}),
    // The name of the directory is the shell's matter. A name that leads elsewhere would be wrong.
    ...((process.env['PWD'] !== undefined || cwd !== undefined) && { PWD: named }),
  };
  const entry = pinned(resolve(real, given));
  const primary = settings.primary === undefined ? undefined : halfOf(settings.primary, real);
  const version = settings.appVersion ?? packageVersion(entry, read);
  const program = { entry, args, execArgv: [...execArgv, ...nodeArgs], cwd: real, primary, env, version };
  return { program, settings, directory, config, envFiles };
}

/** Returns the directory in which the config file is looked for: a config file has no say in that. */
export function directoryOfConfig({ flags, home }: Pick<LaunchTerms, 'flags' | 'home'>): string {
  const { cwd } = resolveSettings({ flags, env: process.env });
  return followDirectory(resolve(home, cwd ?? '')).real;
}

/** Returns the paths of the files of variables; none where the working directory is missing. */
export function envFilesOf(settings: Pick<Settings, 'cwd' | 'envFile'>, home: string): string[] {
  const directory = resolve(home, settings.cwd ?? '');
  if (!isDirectory(directory)) return [];
  return (settings.envFile ?? []).map((file) => resolve(realpathSync(directory), file));
}

/**
 * Follows the links of the directory, so that all workers of a generation run the same release: also one that replaces a
 * crashed worker after the link has moved. The entry's own name stays, since programs read it from `process.argv[1]`.
 */
function pinned(entry: string): string {
  if (isDirectory(entry)) return realpathSync(entry);
  return join(realpathSync(dirname(entry)), basename(entry));
}

/** Finds the file of `--primary`, which belongs to the release as the entry does. */
function halfOf(given: string, cwd: string): string {
  const path = resolve(cwd, given);
  if (isFile(path)) return pinned(path);
  throw new UsageError(`primary: expected a file that exists, got ${quote(given)}`);
}

/** The environment in which prefork was started wins over files, as with node itself. */
function without(variables: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => env[name] === undefined));
}

function texts(variables: Readonly<Record<string, string | number | boolean>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
}
