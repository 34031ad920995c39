import { resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import { loadConfig, resolveEntry, resolveSettings, type CommandLine } from '../../options/index.ts';
import { runPrimary } from '../../primary/run.ts';
import { verbs } from '../verbs.ts';

/** `prefork [options] <entry> [arguments for the entry]`: runs in the foreground until it is stopped. */
export async function start(line: CommandLine): Promise<void> {
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
  await runPrimary({ entry, args, execArgv: process.execArgv }, settings, config?.values ?? {}, {
    isAlone: true,
  });
}
