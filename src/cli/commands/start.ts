import { basename, resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import { loadConfig, resolveEntry, resolveSettings } from '../../options/index.ts';
import type { CommandLine, LoadedConfig, Settings } from '../../options/index.ts';
import { quote } from '../../options/quote.ts';
import { takeAdminToken, type GivenToken } from '../../primary/endpoints/admin-token.ts';
import { runPrimary } from '../../primary/run.ts';
import type { Binder } from '../../privileges/binder.ts';
import { closeInherited } from '../../privileges/descriptors.ts';
import { leaveRoot, refuseWritableConfig, type RootSettings } from '../../privileges/leave-root.ts';
import { verbs } from '../verbs.ts';

/**
 * `prefork [options] <entry> [arguments for the entry]` runs in the foreground until the server stops.
 *
 * @param argv the arguments before the entry, for the apps of a config file that has several.
 * @returns the exit code.
 */
export async function start(line: CommandLine, argv: readonly string[]): Promise<number> {
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
  const config = await loadConfig(process.cwd(), line.flags.config, line.flags.app);
  if (config?.values.apps !== undefined) return runAll(line, argv, config);
  const given = line.entry ?? config?.values.entry;
  if (given === undefined) {
    throw new UsageError('no entry given; usage: prefork [options] <entry> [arguments]');
  }
  resolveEntry(given, process.cwd(), Object.keys(verbs));
  // Node gets the path as it was given and treats it as it would without prefork: `process.argv[1]` is not resolved
  // further.
  const entry = resolve(given);
  const args = line.entry === undefined ? (config?.values.args ?? []) : line.entryArguments;
  const settings = resolveSettings({ flags: line.flags, env: process.env, config, entry });
  const binder = earlyBinder ?? (await leaveRootByConfig(settings, config, takeAsRoot(settings)));
  takeToken(settings);
  // The config file can take ports away. It can never add one.
  if (settings.bind !== undefined) binder?.restrict(settings.bind);
  await runPrimary({ entry, args, execArgv: process.execArgv }, settings, config?.values ?? {}, {
    binder,
    token,
    isAlone: true,
  });
  return 0;
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
