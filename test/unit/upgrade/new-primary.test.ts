import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT, type Handover } from '../../../src/upgrade/handover.ts';
import { NewPrimary } from '../../../src/upgrade/new-primary.ts';

test('a process that cannot be started leaves no deadline, which would find nothing to kill', () => {
  const handover: Handover = {
    format: FORMAT,
    name: 'app',
    control: '',
    generation: 1,
    workers: undefined,
    notifyFd: undefined,
    listeners: [],
    ephemeral: [],
  };
  const timers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  // If the process started all the same, it must not run this test again.
  process.argv = [process.execPath, '--version'];
  const before = timers();
  const none = (): never => assert.fail();
  const events = { ready: none, failed: none, moved: none, gone: none };
  assert.throws(
    () =>
      new NewPrimary({ handover, env: { PORT: '80\0' }, within: 60_000, isFromRoot: false, binder: undefined }, events),
    {
      code: 'ERR_INVALID_ARG_VALUE',
    },
  );
  assert.equal(timers(), before);
});
