import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkValue, fail } from '../../options/check.ts';
import type { Time } from '../../options/types.ts';

/** How the server is started. */
export interface ServerOptions {
  /** The program, as the `prefork` command takes it; relative to `cwd`. */
  readonly entry: string;
  /** Arguments of the entry. @default none */
  readonly args?: readonly string[] | undefined;
  /** Options of the command. @default none @example options: ['--workers', '4'] */
  readonly options?: readonly string[] | undefined;
  /**
   * Variables that are added to the environment of this process; undefined removes one. PORT is 0 unless it is given
   * here, so that tests run side by side.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The working directory of the server. @default the working directory of this process */
  readonly cwd?: string | undefined;
  /** The node that runs it. @default the node that runs this process */
  readonly node?: string | undefined;
  /** How long it may take until every worker is ready. @default '60s' */
  readonly readyTimeout?: Time | undefined;
}

/** The options, checked and with defaults. */
export interface ServerSettings {
  readonly entry: string;
  readonly args: readonly string[];
  readonly options: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly node: string;
  readonly readyTimeout: number;
}

export const serverKeys: readonly string[] = ['entry', 'args', 'options', 'env', 'cwd', 'node', 'readyTimeout'];

/**
 * Checks the options, and throws a UsageError for those that cannot be used. The command itself checks that the entry
 * exists.
 */
export function checkServer(options: ServerOptions): ServerSettings {
  const { entry, args = [], options: flags = [], env = {}, node = process.execPath } = options;
  const cwd = resolve(options.cwd ?? '.');
  if (typeof entry !== 'string' || entry === '') fail('entry', "a file such as 'server.js'", entry);
  if (!isTexts(args)) fail('args', 'a list of texts', args);
  if (!isTexts(flags)) fail('options', "a list of texts such as ['--workers', '4']", flags);
  if (typeof env !== 'object' || env === null) fail('env', "an object such as { NODE_ENV: 'test' }", env);
  if (typeof node !== 'string') fail('node', 'the path of a node', node);
  if (!existsSync(cwd)) fail('cwd', 'a directory that exists', options.cwd);
  const readyTimeout = checkValue({ type: 'time', min: 1 }, 'readyTimeout', options.readyTimeout ?? 60_000) as number;
  return { entry, args, options: flags, env, cwd, node, readyTimeout };
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
