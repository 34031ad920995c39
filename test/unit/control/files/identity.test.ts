import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
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
