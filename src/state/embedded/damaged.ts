import { StateError } from '../error.ts';
import { kinds, type Stored } from '../value.ts';
import type { Column } from './sqlite.ts';

/** The file is a database, and what is in it was not written by this version: by hand, by another program, by a broken disk. */
export function damaged(what: string): StateError {
  return new StateError('ERR_STATE_DAMAGED', `the store is damaged: ${what}: remove its directory`);
}

/** @throws StateError `ERR_STATE_DAMAGED` for columns that are no value as this version writes it. */
export function storedIn(kind: Column | undefined, data: Column | undefined): Stored {
  const name = typeof kind === 'number' ? kinds[kind] : undefined;
  if (name === 'text' && typeof data === 'string') return { kind: name, data };
  if (name === 'number' && typeof data === 'number') return { kind: name, data };
  if ((name === 'bytes' || name === 'clone') && data instanceof Uint8Array) return { kind: name, data };
  throw damaged('a value is of no kind that is known');
}

/** @throws StateError `ERR_STATE_DAMAGED` for a column that is no number. */
export function numberIn(column: Column | undefined): number {
  if (typeof column === 'number') return column;
  throw damaged('there is no number where one was written');
}
