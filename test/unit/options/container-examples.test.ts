/** Checks the examples for containers: their options are valid, and their figures fit each other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseCommandLine } from '../../../src/options/command-line.ts';
import { fitMemory } from '../../../src/options/machine/memory.ts';
import { resolveSettings } from '../../../src/options/settings.ts';
import { settingKeys, variableName } from '../../../src/options/table.ts';
import { example } from '../../support/paths.ts';

const deployment = readFileSync(example('kubernetes/deployment.yaml'), 'utf8');
const dockerfile = readFileSync(example('docker/Dockerfile'), 'utf8');

/** Parses enough YAML for this one file, because there is no parser among the tools. */
function value(key: string): string {
  const found = new RegExp(`^ *${key}: (.+)$`, 'm').exec(deployment)?.[1];
  assert.ok(found, key);
  return found;
}

test('Kubernetes: the options are prefork’s', () => {
  const env = Object.fromEntries(
    [...deployment.matchAll(/\{ name: (\w+), value: '?([^' }]+)'? \}/g)].map(([, name, text]) => [name!, text!]),
  );
  const known = new Set(settingKeys.map(variableName));
  const given = Object.keys(env).filter((name) => name.startsWith('PREFORK_'));
  assert.ok(given.length >= 4);
  assert.deepEqual(
    given.filter((name) => !known.has(name)),
    [],
  );

  const settings = resolveSettings({ env });
  const seconds = Number(value('terminationGracePeriodSeconds'));
  assert.ok(seconds * 1000 > settings.drainDelay + settings.shutdownGracePeriod);
  assert.equal(value('limits'), '{ memory: 1Gi }');
  assert.equal(fitMemory(settings, 2 ** 30).lowered, undefined);
  const heap = Number(/--max-old-space-size=(\d+)/.exec(env['NODE_OPTIONS']!)?.[1]);
  assert.ok(heap * 2 ** 20 < settings.maxMemory);
});

test('Docker: the command is run without a shell, and done before docker kills', () => {
  const [program, ...argv] = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)![1]!) as string[];
  assert.equal(program, 'prefork');
  const { flags, entry } = parseCommandLine(argv);
  assert.equal(entry, 'server.js');
  assert.ok(resolveSettings({ flags, env: {} }).shutdownGracePeriod < 10_000);
});
