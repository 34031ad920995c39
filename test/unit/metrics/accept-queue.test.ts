import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { acceptQueues } from '../../../src/metrics/accept-queue.ts';

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const line = (state: string, queue: string, inode: number): string =>
  `   0: 0100007F:1F90 00000000:0000 ${state} 00000000:${queue} 00:00000000 00000000     0        0 ${inode} 1 0000 100 0 0 10 0\n`;

test('the queues of listening sockets by inode, up to the first that does not listen', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'tcp');
  writeFileSync(file, head + line('0A', '0000001F', 7) + line('0A', '00000000', 8) + line('01', '00000005', 9));
  assert.deepEqual(
    [...acceptQueues([file, join(directory, 'none')])],
    [
      [7, 31],
      [8, 0],
    ],
  );
});
