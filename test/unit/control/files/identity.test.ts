import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { once } from 'node:events';
import { test } from 'node:test';
import { withRightsOf } from '../../../../src/control/files/identity.ts';
import { connectTo } from '../../../../src/control/files/probe.ts';
import { listenOn, Place } from '../helpers.ts';

const skip = process.geteuid!() !== 0;
const stranger = { uid: 12345, gid: 54321 };

const identity = (): unknown => [process.geteuid!(), process.getegid!(), process.getgroups!().toSorted()];

test('root has the rights of the other user alone, and its own again afterwards', { skip }, () => {
  const before = identity();
  assert.deepEqual(withRightsOf(stranger, identity), [12345, 54321, [54321]]);
  assert.deepEqual(identity(), before);
  assert.throws(
    () =>
      withRightsOf(stranger, () => {
        throw new Error('anything');
      }),
    /anything/,
  );
  assert.deepEqual(identity(), before);
});

test('root reaches no socket in another user’s directory that this user could not open', { skip }, async () => {
  using place = new Place();
  chmodSync(place.path, 0o755);
  await using _server = await listenOn(place.file('root.sock'));
  chmodSync(place.file('root.sock'), 0o660);
  const [refused] = (await once(connectTo(place.file('root.sock'), stranger), 'error').catch((error: unknown) => [
    error,
  ])) as [NodeJS.ErrnoException];
  assert.equal(refused.code, 'EACCES');
  chmodSync(place.file('root.sock'), 0o666);
  const socket = connectTo(place.file('root.sock'), stranger);
  await once(socket, 'connect');
  socket.destroy();
});

test('root follows no link in another user’s directory, of a socket or on the way to one', { skip }, async () => {
  using place = new Place();
  chmodSync(place.path, 0o755);
  mkdirSync(place.file('own'));
  await using _server = await listenOn(place.file('own/evil.sock'));
  chmodSync(place.file('own/evil.sock'), 0o666);
  symlinkSync('own/evil.sock', place.file('evil.sock'));
  symlinkSync('own', place.file('other'));
  const open = connectTo(place.file('own/evil.sock'), stranger);
  await once(open, 'connect');
  open.destroy();
  for (const link of ['evil.sock', 'other/evil.sock', 'own', 'none', 'none/evil.sock']) {
    const socket = connectTo(place.file(link), stranger);
    socket.write('GET');
    const [error] = (await once(socket, 'close').then(
      () => [],
      (why: unknown) => [why],
    )) as [NodeJS.ErrnoException?];
    assert.equal(error?.code, 'ENOENT', link);
  }
});
