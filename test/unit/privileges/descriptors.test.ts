import assert from 'node:assert/strict';
import { closeSync, fstatSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { closeInherited } from '../../../src/privileges/descriptors.ts';
import { Place } from '../control/helpers.ts';

/** Opens a file and writes it, and makes a directory like /proc/self in which the workers would inherit it. */
function inheritable(place: Place): { fd: number; directory: string } {
  const fd = openSync(place.file('log'), 'a');
  writeSync(fd, 'a line');
  for (const path of ['fd', 'fdinfo']) mkdirSync(place.file(path), { recursive: true });
  writeFileSync(place.file(`fd/${fd}`), '');
  writeFileSync(place.file(`fdinfo/${fd}`), 'flags:\t0102001\n');
  return { fd, directory: place.path };
}

test('a file that someone writes is closed, but where V8 may be the one', () => {
  using place = new Place();
  const { fd, directory } = inheritable(place);
  assert.deepEqual(closeInherited([], directory, ['--perf-basic-prof']), []);
  fstatSync(fd);
  assert.deepEqual(closeInherited([fd], directory, []), []);
  assert.deepEqual(closeInherited([], directory, ['--max-old-space-size=100']), [fd]);
  assert.throws(() => closeSync(fd), { code: 'EBADF' });
});
