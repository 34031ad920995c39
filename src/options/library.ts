import type { Shape } from './shape.ts';
import type { Config, LibraryOptions } from './types.ts';
import { keysOf } from '../contract/tables.ts';

/** The shapes of the options that only code can give. They check code that has no types. */
export const libraryTable: Readonly<Record<keyof LibraryOptions, Shape>> = {
  network: { type: 'choice', choices: ['tcp', 'tcp4', 'tcp6'] },
  // listen(2) takes an int.
  backlog: { type: 'integer', min: 1, max: 2_147_483_647 },
  logger: { type: 'logger' },
  env: { type: 'variables' },
  onWorkerSpawn: { type: 'function' },
  onPrimaryReady: { type: 'function' },
  onWorkerRecover: { type: 'function' },
  onPrimaryDeath: { type: 'function' },
  spawnWorker: { type: 'function' },
};

export const libraryKeys: ReadonlyArray<keyof LibraryOptions> = keysOf(libraryTable);

export type ConfigLibraryKey = keyof LibraryOptions & keyof Config;

/** The library options that a config file may give too. */
export const configLibraryKeys: readonly ConfigLibraryKey[] = [
  'logger',
  'env',
  'onWorkerSpawn',
  'onPrimaryReady',
  'onWorkerRecover',
  'spawnWorker',
];
