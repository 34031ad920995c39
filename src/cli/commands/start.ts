import { resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import { loadConfig, resolveEntry, resolveSettings, type CommandLine, type LoadedConfig } from '../../options/index.ts';
import { runPrimary } from '../../primary/run.ts';
import type { Binder } from '../../privileges/binder.ts';
import { leaveRoot, refuseWritableConfig, type RootSettings } from '../../privileges/leave-root.ts';
import { verbs } from '../verbs.ts';

/** `prefork [options] <entry> [arguments for the entry]`: runs in the foreground until it is stopped. */
export async function start(line: CommandLine): Promise<void> {
  // Flags and variables are root's own words. What is read after them may be the user's.
  const early = await leaveRoot(resolveSettings({ flags: line.flags, env: process.env }));
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
  const binder = early ?? (await leaveRootByConfig(settings, config));
  // The config file can take away, and never add.
  if (settings.bind !== undefined) binder?.restrict(settings.bind);
  await runPrimary({ entry, args, execArgv: process.execArgv }, settings, config?.values ?? {}, binder);
}

/** For a user that only the config file names. */
async function leaveRootByConfig(
  settings: RootSettings,
  config: LoadedConfig | undefined,
): Promise<Binder | undefined> {
  if (config !== undefined) refuseWritableConfig(config.file, settings);
  return leaveRoot(settings);
}
