import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_FD, FORMAT, packed, type Handover } from '../../../src/upgrade/handover.ts';

const nothing: Handover = {
  format: FORMAT,
  name: 'app',
  control: '',
  generation: 1,
  workers: undefined,
  notifyFd: undefined,
  listeners: [],
  ephemeral: [],
};

test('each descriptor gets the number that the next primary finds it under', () => {
  const { handover, fds } = packed({ ...nothing, notifyFd: 30, admin: { address: '9090', fd: 40 } });
  assert.deepEqual(fds, [30, 40]);
  assert.deepEqual([handover.notifyFd, handover.admin], [FIRST_FD, { address: '9090', fd: FIRST_FD + 1 }]);
});

test('what there is not is not passed', () => {
  const { handover, fds } = packed(nothing);
  assert.deepEqual([fds, handover.notifyFd, handover.admin], [[], undefined, undefined]);
});
