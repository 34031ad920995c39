import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelMounts } from '../../../../src/control/files/mounts.ts';

const LIST = `22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/vda rw
26 22 0:24 / /run/user/1000 rw,nosuid - tmpfs tmpfs rw,mode=700
43 26 0:39 / /run/user/1000/a\\040b\\134c rw,relatime master:2 - fuse x rw,user_id=1000
44 26 0:40 / /tmp/prefork-1000 rw - fuse.sshfs host:/ rw,allow_other
45 26 0:41 / /tmp/x rw - ext4 /dev/fuse rw
46 22 0:42 / /srv rw - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0,allow_other
`;

test('a mount is the kernel’s own unless its type says that a program answers which is neither root’s nor this user’s', () => {
  assert.deepEqual([...kernelMounts(LIST, 0)], ['22', '26', '45', '46']);
  assert.deepEqual([...kernelMounts(LIST, 1000)], ['22', '26', '43', '45', '46']);
  assert.deepEqual([...kernelMounts(LIST, 1001)], ['22', '26', '45', '46']);
  assert.deepEqual([...kernelMounts('')], []);
  assert.ok(process.platform !== 'linux' || kernelMounts().size > 0);
});
