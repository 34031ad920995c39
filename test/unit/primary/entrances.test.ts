import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings } from '../../../src/options/settings.ts';
import { Cleanup } from '../../../src/primary/cleanup.ts';
import { Entrances, type EntrancesParts } from '../../../src/primary/entrances.ts';
import { FakeControls } from '../../support/fake-controls.ts';

test('what is to be opened after the close stays closed', async () => {
  const cleanup = new Cleanup();
  const opened: string[] = [];
  const entrances = new Entrances({
    settings: resolveSettings({ options: { admin: '127.0.0.1:0' }, env: {}, entry: 'app.js' }),
    supervisor: {} as EntrancesParts['supervisor'],
    controls: new FakeControls(),
    log: (_level, event) => void opened.push(event),
    replace: true,
    token: { token: 'x'.repeat(32), isGiven: true },
    inherited: undefined,
    cleanup,
  });
  await entrances.close();
  // A primary that succeeds another opens the one when the other is open, and may be stopped between them.
  const admin = await entrances.openAdmin();
  await admin?.close();
  cleanup.run();
  assert.deepEqual(opened, []);
});
