import { resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import { loadConfig, resolveEntry, resolveSettings } from '../../options/index.ts';
import type { CommandLine, LoadedConfig, Settings } from '../../options/index.ts';
import { takeAdminToken, type GivenToken } from '../../primary/endpoints/admin-token.ts';
import { runPrimary } from '../../primary/run.ts';
import type { Binder } from '../../privileges/binder.ts';
import { closeInherited } from '../../privileges/descriptors.ts';
import { leaveRoot, refuseWritableConfig, type RootSettings } from '../../privileges/leave-root.ts';
import { verbs } from '../verbs.ts';

/** `prefork [options] <entry> [arguments for the entry]`: runs in the foreground until it is stopped. */
export async function start(line: CommandLine): Promise<void> {
  // Before a config file opens some of its own. The channel to a parent that has one is Node's.
  closeInherited([(process.channel as { readonly fd?: number } | undefined)?.fd ?? -1]);
  // Flags and variables are root's own words. What is read after them may be the user's.
  const early = resolveSettings({ flags: line.flags, env: process.env });
  let token: GivenToken | undefined;
  const takeToken = ({ adminTokenFile }: Settings): void => {
    token ??= takeAdminToken(process.env, adminTokenFile);
  };
  // Any other file is read as the user, later.
  const takeAsRoot = (settings: Settings) => (mayRead: (file: string) => boolean) => {
    const { adminTokenFile: file } = settings;
    if (file === undefined || mayRead(file)) takeToken(settings);
  };
  const earlyBinder = await leaveRoot(early, takeAsRoot(early));
  const config = await loadConfig(process.cwd(), line.flags.config);
  const given = line.entry ?? config?.values.entry;
  if (given === undefined) {
    throw new UsageError('no entry given; usage: prefork [options] <entry> [arguments]');
  }
  resolveEntry(given, process.cwd(), Object.keys(verbs));
  // node gets it as written, and makes of it what it does without us: `process.argv[1]` is not resolved further.
  const entry = resolve(given);
  const args = line.entry === undefined ? (config?.values.args ?? []) : line.entryArguments;
  const settings = resolveSettings({ flags: line.flags, env: process.env, config, entry });
  const binder = earlyBinder ?? (await leaveRootByConfig(settings, config, takeAsRoot(settings)));
  takeToken(settings);
  // The config file can take away, and never add.
  if (settings.bind !== undefined) binder?.restrict(settings.bind);
  await runPrimary({ entry, args, execArgv: process.execArgv }, settings, config?.values ?? {}, {
    binder,
    token,
    isAlone: true,
  });
}

/** For a user that only the config file names. */
async function leaveRootByConfig(
  settings: RootSettings,
  config: LoadedConfig | undefined,
  whileRoot: (mayRead: (file: string) => boolean) => void,
): Promise<Binder | undefined> {
  if (config !== undefined) refuseWritableConfig(config.file, settings);
  return leaveRoot(settings, whileRoot);
}
