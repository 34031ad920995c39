import { StateError } from '../error.ts';
import { kinds, type Stored } from '../value.ts';
import type { Column } from './sqlite.ts';

/**
 * Makes the error for a database whose content this version did not write. The reason may be a manual change, another
 * program or a broken disk.
 */
export function damaged(what: string): StateError {
  return new StateError('ERR_STATE_DAMAGED', `the store is damaged: ${what}: remove its directory`);
}

/**
 * Reads a value.
 *
 * @throws StateError `ERR_STATE_DAMAGED` for columns that are not a value as this version writes it.
 */
export function storedIn(kind: Column | undefined, data: Column | undefined): Stored {
  const name = typeof kind === 'number' ? kinds[kind] : undefined;
  if (name === 'text' && typeof data === 'string') return { kind: name, data };
  if (name === 'number' && typeof data === 'number') return { kind: name, data };
  if ((name === 'bytes' || name === 'clone') && data instanceof Uint8Array) return { kind: name, data };
  throw damaged('a value has an unknown kind');
}

/**
 * Reads a number.
 *
 * @throws StateError `ERR_STATE_DAMAGED` for a column that is not a number.
 */
export function numberIn(column: Column | undefined): number {
  if (typeof column === 'number') return column;
  throw damaged('there is no number where one was written');
}
