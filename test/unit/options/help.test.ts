import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from '../../../src/errors.ts';
import { helpText } from '../../../src/options/help.ts';
import { flagName, optionKeys, optionRows, settingKeys, variableName } from '../../../src/options/table.ts';

const help = helpText('1.2.3', [{ usage: 'scale <n>', about: `Run so many workers.${' More words.'.repeat(6)}` }]);
const lines = help.split('\n');

test('fits 80 columns of plain text', () => {
  assert.deepEqual(
    lines.filter((line) => line.length > 80 || line.endsWith(' ')),
    [],
  );
  assert.match(help, /^[\n\x20-\x7e]+$/);
  assert.ok(help.endsWith('\n') && !help.endsWith('\n\n'));
});

test('begins with the version and the usage', () => {
  assert.match(help, /^prefork 1\.2\.3: .*\n\nUsage: prefork \[options\] <entry> \[arguments\]\n/);
});

test('an option is shown beside what it does, its default and its variable', () => {
  const start = lines.findIndex((line) => line.includes('--workers'));
  assert.deepEqual(lines.slice(start, start + 5), [
    '  -w, --workers <n|auto|n..n>         How many workers run. auto: one for each',
    '                                      core that this process may use (affinity',
    '                                      and cgroup quota). A range, such as 2..8',
    '                                      or 1..auto: as many as the load needs.',
    '                                      default auto, PREFORK_WORKERS',
  ]);
});

test('a long flag stands above its text', () => {
  const start = lines.findIndex((line) => line.includes('--log-level'));
  assert.deepEqual(lines.slice(start, start + 2), [
    '      --log-level <debug|info|warn|error|silent>',
    '                                      The lowest severity that is logged.',
  ]);
});

test('commands have their own, narrower column', () => {
  const start = lines.findIndex((line) => line.includes('scale <n>'));
  assert.deepEqual(lines.slice(start, start + 2), [
    '  scale <n>           Run so many workers. More words. More words. More words.',
    '                      More words. More words. More words.',
  ]);
});

for (const key of optionKeys) {
  test(`names --${flagName(key)} and its default`, () => {
    assert.match(
      help,
      new RegExp(`^  (-.,|   ) --${flagName(key)}${optionRows[key].type === 'switch' ? '' : ' <'}`, 'm'),
    );
    const { default: value } = optionRows[key];
    if (value !== undefined) assert.ok(help.includes(`default ${value},`));
  });
}

for (const key of settingKeys) {
  test(`names ${variableName(key)}`, () => assert.match(help, new RegExp(`\\b${variableName(key)}$`, 'm')));
}

test('names every exit code', () => {
  assert.match(help, /^   0 {2,}stopped as asked$/m);
  for (const [code, { exitCode, meaning }] of Object.entries(exitCodes)) {
    assert.ok(
      lines.some((line) => line.trim().startsWith(`${exitCode}  ${code} `) && line.endsWith(meaning)),
      code,
    );
  }
});
