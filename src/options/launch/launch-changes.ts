/** Compares what two generations run. The values of variables may be secrets, so only their names are shown. */
import { UsageError } from '../../errors.ts';
import { placeOf } from '../config-file.ts';
import type { Launch } from './launch.ts';
import { quote } from '../quote.ts';
import { optionRows, settingKeys, type SettingKey } from '../table.ts';
import type { Settings } from '../types.ts';

const RESTART = 'stop the server, and start it again';

/** What has changed, in words. A text is empty where nothing has. */
export interface LaunchChanges {
  /** The working directory's path without links: the release. */
  readonly release: string;
  /** Such as `maxRequests 0 → 100, entry "a.js" → "b.js"`. */
  readonly settings: string;
  /** Such as `+NEW ~CHANGED -GONE`. */
  readonly env: string;
}

/**
 * Lists what is different.
 *
 * @throws UsageError that names the first setting that a reload cannot change, with its line in the config file.
 */
export function launchChanges(before: Launch, after: Launch): LaunchChanges {
  const keys = settingKeys.filter((key) => !isEqual(valueOf(before.settings, key), valueOf(after.settings, key)));
  for (const key of keys) refuse(key, before, after);
  // The same range has other ends when the cores have changed.
  if (before.settings.range?.text !== after.settings.range?.text) {
    const place = after.config === undefined ? 'workers' : placeOf(after.config, 'workers');
    throw new UsageError(`${place}: a reload cannot change a range: prefork upgrade does that`);
  }
  const [old, now] = [before.program, after.program];
  const entry = before.config?.values.entry;
  return {
    release: old.cwd === now.cwd ? '' : `${old.cwd} → ${now.cwd}`,
    settings: [
      ...keys.map((key) => `${key} ${shown(valueOf(before.settings, key))} → ${shown(valueOf(after.settings, key))}`),
      ...(entry === after.config?.values.entry ? [] : [`entry ${shown(entry)} → ${shown(after.config?.values.entry)}`]),
      // Arguments may have secrets in them.
      ...(isEqual(old.args, now.args) ? [] : ['args']),
    ].join(', '),
    env: envChanges(old.env ?? {}, now.env ?? {}),
  };
}

/** Returns why the server cannot go on under its name; undefined when the launch asks for no other one. */
export function nameRefusal({ settings, config }: Launch, name: string): string | undefined {
  if (!settings.isNameGiven || settings.name === name) return undefined;
  const place = config?.values.name === undefined ? 'name' : placeOf(config, 'name');
  return `${place}: expected ${quote(name)}, which the server was started with, got ${quote(settings.name)}: ${RESTART}`;
}

function refuse(key: SettingKey, before: Launch, after: Launch): void {
  const { applies } = optionRows[key];
  if (applies === undefined) return;
  // A key that is gone from the file is nowhere in it.
  const config = after.config?.values[key] === undefined ? undefined : after.config;
  const place = config === undefined ? key : placeOf(config, key);
  const change = `${shown(valueOf(before.settings, key))} to ${shown(valueOf(after.settings, key))}`;
  const how = applies === 'upgrade' ? 'prefork upgrade does that' : RESTART;
  throw new UsageError(`${place}: a reload cannot change it from ${change}: ${how}`);
}

/** A name that comes from the entry is not a choice. */
function valueOf(settings: Settings, key: SettingKey): unknown {
  return key === 'name' && !settings.isNameGiven ? undefined : settings[key];
}

function envChanges(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => name !== 'PWD')
    .toSorted();
  return names
    .flatMap((name) => {
      const sign = before[name] === undefined ? '+' : after[name] === undefined ? '-' : '~';
      return before[name] === after[name] ? [] : [`${sign}${name}`];
    })
    .join(' ');
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : quote(value);
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
