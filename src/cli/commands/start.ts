import { accessSync, constants } from 'node:fs';
import { basename } from 'node:path';
import { UsageError } from '../../errors.ts';
import { complain } from '../print.ts';
import {
  directoryOfConfig,
  envFilesOf,
  isEcosystem,
  loadConfig,
  nameOfDirectory,
  readLaunch,
  type ConfigText,
} from '../../options/index.ts';
import { resolveSettings, type CommandLine, type LaunchTerms, type LoadedConfig } from '../../options/index.ts';
import type { Settings } from '../../options/index.ts';
import { quote } from '../../options/quote.ts';
import { takeAdminToken, type GivenToken } from '../../primary/endpoints/admin-token.ts';
import { runPrimary } from '../../primary/run.ts';
import type { Binder } from '../../privileges/binder.ts';
import { closeInherited } from '../../privileges/descriptors.ts';
import { leaveRoot, refuseWritableConfig, type RootSettings } from '../../privileges/leave-root.ts';
import { refuseConfigOfOthers, refuseVariablesOfOthers } from '../../privileges/read-again.ts';
import { readForRoot } from '../../privileges/read-for-root.ts';
import { ownNodeFlags } from '../../upgrade/next-node.ts';
import { verbs } from '../verbs.ts';

/**
 * `prefork [options] <entry> [arguments for the entry]` runs in the foreground until the server stops.
 *
 * @param argv the arguments before the entry, for the apps of a config file that has several.
 * @returns the exit code.
 */
export async function start(given: CommandLine, argv: readonly string[]): Promise<number> {
  const line = withEcosystem(given);
  // This comes first, before a config file can open descriptors of its own. The channel to a parent process belongs to
  // Node.
  closeInherited([(process.channel as { readonly fd?: number } | undefined)?.fd ?? -1]);
  // Flags and variables come from root. Later input may come from the user.
  const early = resolveSettings({ flags: line.flags, env: process.env });
  let token: GivenToken | undefined;
  const takeToken = ({ adminTokenFile }: Settings): void => {
    token ??= takeAdminToken(process.env, adminTokenFile);
  };
  // Every other token file is read later, as the user.
  const takeAsRoot = (settings: Settings) => (mayRead: (file: string) => boolean) => {
    const { adminTokenFile: file } = settings;
    if (file === undefined || mayRead(file)) takeToken(settings);
  };
  const earlyBinder = await leaveRoot(early, takeAsRoot(early));
  const cwd = process.cwd();
  const home = { named: nameOfDirectory(cwd, process.env['PWD']), real: cwd };
  const { flags, entry, entryArguments: args } = line;
  const terms: LaunchTerms = {
    flags,
    home: home.named,
    entry,
    args,
    execArgv: ownNodeFlags(),
    commands: Object.keys(verbs),
  };
  const config = await loadConfig(directoryOfConfig(terms), flags.config, flags.app, undefined, readForRoot);
  // The apps themselves have the file too, and one word is enough.
  if (flags.app === undefined) for (const note of config?.notes ?? []) complain(note);
  if (config?.values.apps !== undefined) return runAll(line, argv, config);
  // A file of variables may be for root alone. What another user may put in its place is read as the server's user, as all of the launch is.
  const variables = new Map<string, string>();
  const wanted = resolveSettings({ flags, env: process.env, config });
  const whileRoot = (mayRead: (path: string) => boolean): void => {
    takeAsRoot(wanted)(mayRead);
    for (const path of envFilesOf(wanted, terms.home).filter(mayRead)) readIfThere(path, variables);
  };
  const binder = earlyBinder ?? (await leaveRootByConfig(wanted, config, whileRoot));
  for (const path of variables.keys()) warnUnlessReadable(path);
  const launch = readLaunch(terms, config, (path) => variables.get(path) ?? readForRoot(path));
  const { settings } = launch;
  takeToken(settings);
  // The config file can take ports away. It can never add one.
  if (settings.bind !== undefined) binder?.restrict(settings.bind);
  await runPrimary(launch, config?.values ?? {}, {
    binder,
    token,
    isAlone: true,
    renewal: {
      home,
      read: async (before) => {
        const check = (read: ConfigText): LoadedConfig | undefined => refuseConfigOfOthers(read, before);
        const next = await loadConfig(directoryOfConfig(terms), flags.config, flags.app, check, readForRoot);
        return refuseVariablesOfOthers(readLaunch(terms, next, readForRoot), before);
      },
      follow: (before) => refuseVariablesOfOthers(readLaunch(terms, before.config, readForRoot), before),
    },
  });
  return 0;
}

/** PM2's users start its file like a program. Here it is a config file. */
function withEcosystem(line: CommandLine): CommandLine {
  const { entry, flags } = line;
  if (entry === undefined || flags.config !== undefined || !isEcosystem(entry)) return line;
  return { ...line, entry: undefined, flags: { ...flags, config: entry } };
}

/** Reads a file into `texts`. One that is missing is told of when the launch is read. */
function readIfThere(path: string, texts: Map<string, string>): void {
  try {
    texts.set(path, readForRoot(path));
  } catch {
    // The launch says what is wrong.
  }
}

/** Root has read the file at the start. What reads it later is the user's process. */
function warnUnlessReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    complain(
      `--env-file: ${path}: the user of the server cannot read it, so reloads and upgrades will be refused: let the user's group read it`,
    );
  }
}

/** Runs all apps of the config file. The module is loaded for that alone. */
async function runAll(line: CommandLine, argv: readonly string[], config: LoadedConfig): Promise<number> {
  if (line.entry !== undefined) {
    throw new UsageError(
      `${basename(config.file)}: has apps; expected no entry, or --app <name>, got ${quote(line.entry)}`,
    );
  }
  const { runApps } = await import('../apps/run-apps.ts');
  return runApps(line, argv, config);
}

/** Leaves root when only the config file names the user. */
async function leaveRootByConfig(
  settings: RootSettings,
  config: LoadedConfig | undefined,
  whileRoot: (mayRead: (file: string) => boolean) => void,
): Promise<Binder | undefined> {
  if (config !== undefined) refuseWritableConfig(config.file, settings);
  return leaveRoot(settings, whileRoot);
}
