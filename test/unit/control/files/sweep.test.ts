import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { sweepDeadSockets } from '../../../../src/control/files/sweep.ts';
import { closed, listenOn, Place } from '../helpers.ts';

test('a sweep asks the sockets beside the caller’s own, removes the dead ones, and leaves that one alone', async () => {
  using place = new Place();
  const [own, other] = [await listenOn(place.file('api.sock')), await listenOn(place.file('web.sock'))];
  let asked = 0;
  own.on('connection', () => asked++);
  const isAsked = once(other, 'connection');
  // A file without a listener looks like a server that was killed.
  writeFileSync(place.file('old.sock'), '');
  await sweepDeadSockets(place.path, place.file('api.sock'));
  await isAsked;
  assert.deepEqual(place.names.toSorted(), ['api.sock', 'web.sock']);
  await Promise.all([own, other].map(closed));
  assert.equal(asked, 0);
});
