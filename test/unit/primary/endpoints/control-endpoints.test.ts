import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings } from '../../../../src/options/settings.ts';
import { Cleanup } from '../../../../src/primary/system/cleanup.ts';
import { ControlEndpoints } from '../../../../src/primary/endpoints/control-endpoints.ts';
import { ControlAddress } from '../../../../src/primary/supervisor/control-address.ts';
import { FakeControls } from '../../../support/fake-controls.ts';

test('what is to be opened after the close stays closed', async () => {
  const cleanup = new Cleanup();
  const opened: string[] = [];
  const endpoints = new ControlEndpoints({
    settings: resolveSettings({ options: { admin: '127.0.0.1:0' }, env: {}, entry: 'app.js' }),
    place: new ControlAddress('test'),
    controls: new FakeControls(),
    log: (name) => void opened.push(name),
    replace: true,
    token: { token: 'x'.repeat(32), isGiven: true },
    inherited: undefined,
    cleanup,
  });
  await endpoints.close();
  // A primary that succeeds another opens the one when the other is open, and may be stopped between them.
  const admin = await endpoints.openAdmin();
  await admin?.close();
  cleanup.run();
  assert.deepEqual(opened, []);
});
