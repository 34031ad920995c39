import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseMounts, isWithin } from '../../../../src/control/files/fuse.ts';

const LIST = `22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/vda rw
26 22 0:24 / /run/user/1000 rw,nosuid - tmpfs tmpfs rw,mode=700
43 26 0:39 / /run/user/1000/a\\040b\\134c rw,relatime master:2 - fuse x rw,user_id=1000
44 26 0:40 / /tmp/prefork-1000 rw - fuse.sshfs host:/ rw,allow_other
45 26 0:41 / /tmp/x rw - ext4 /dev/fuse rw
`;

test('the mounts of user space are those whose type says so', () => {
  assert.deepEqual(fuseMounts(LIST), ['/run/user/1000/a b\\c', '/tmp/prefork-1000']);
  assert.deepEqual(fuseMounts(''), []);
  assert.ok(Array.isArray(fuseMounts()));
});

test('a path is within a directory that is itself, or above it', () => {
  assert.ok(isWithin('/tmp/a', '/tmp/a'));
  assert.ok(isWithin('/tmp/a/b', '/tmp/a'));
  assert.ok(!isWithin('/tmp/ab', '/tmp/a'));
  assert.ok(!isWithin('/tmp', '/tmp/a'));
});
