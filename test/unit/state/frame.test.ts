import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { Namespaces } from '../../../src/state/embedded/namespaces.ts';
import { Database } from '../../../src/state/embedded/database.ts';
import { itemOf, ItemFrame } from '../../../src/state/embedded/frame.ts';
import { Versions } from '../../../src/state/embedded/versions.ts';
import { encode } from '../../../src/state/value.ts';
import { noSqlite } from '../../support/platform.ts';

test('a version that could not be written is not taken as written by the next job', { skip: noSqlite }, (t) => {
  const database = Database.open(undefined, 1024 * 1024);
  t.after(() => database.close());
  // The file is open for reading only, so that each write fails.
  const fd = openSync(import.meta.filename, 'r');
  t.after(() => closeSync(fd));
  const frame = new ItemFrame(database, new Namespaces(database), new Versions(fd), () => {});
  const area = frame.area('area');
  const entry = itemOf(encode('x', 'it'), {}, Date.now());
  const put = (): void => frame.put(area, 'key', entry, undefined);
  assert.throws(put, { code: 'ERR_STATE_FULL' });
  assert.throws(put, { code: 'ERR_STATE_FULL' });
  assert.equal(frame.find(area, 'key', Date.now()), undefined);
});
