import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChanges } from '../../../src/options/launch/launch-changes.ts';
import type { Launch } from '../../../src/options/launch/launch.ts';
import { resolveSettings } from '../../../src/options/settings.ts';
import type { Options, Settings } from '../../../src/options/types.ts';

function launchOf(options: Options, changes: Partial<Settings> = {}): Launch {
  const settings = { ...resolveSettings({ options, env: {}, entry: 'app.js' }), ...changes };
  const program = { entry: '/app/app.js', args: [], execArgv: [] };
  return { program, settings, directory: { named: '/app', real: '/app' }, config: undefined, envFiles: [] };
}

test('an option that a reload can change is named with both values', () => {
  const { settings } = launchChanges(launchOf({ spares: 1 }), launchOf({ spares: 2 }));
  assert.equal(settings, 'spares 1 → 2');
});

test('another range is refused', () => {
  assert.throws(() => launchChanges(launchOf({ workers: '1..8' }), launchOf({ workers: '1..9' })), /change a range/);
  assert.throws(() => launchChanges(launchOf({ workers: '1..8' }), launchOf({ workers: 8 })), /change a range/);
});

test('the same range with auto is none, though the cores have changed since', () => {
  const before = launchOf({ workers: '1..auto' });
  const range = { ...before.settings.range!, most: before.settings.range!.most + 1 };
  launchChanges(before, launchOf({ workers: '1..auto' }, { range }));
});
