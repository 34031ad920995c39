import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseCommandLine, type CommandLine } from '../../../src/options/command-line.ts';
import { flagName, optionKeys, optionRows, type OptionKey } from '../../../src/options/table.ts';
import { usage } from './usage.ts';

const nothing: CommandLine = { flags: {}, entry: undefined, entryArguments: [], help: false, version: false };

const lines: ReadonlyArray<readonly [string[], Partial<CommandLine>]> = [
  [[], {}],
  [['app.js'], { entry: 'app.js' }],
  [['--workers', '4', 'app.js'], { flags: { workers: '4' }, entry: 'app.js' }],
  [['--workers=4', 'app.js'], { flags: { workers: '4' }, entry: 'app.js' }],
  [['-w4', 'app.js'], { flags: { workers: '4' }, entry: 'app.js' }],
  [['-w', '4', 'app.js'], { flags: { workers: '4' }, entry: 'app.js' }],
  [['-w', 'auto', '-n', 'api', 'app.js'], { flags: { workers: 'auto', name: 'api' }, entry: 'app.js' }],
  // The last value wins.
  [['-w', '4', '--workers=2', 'app.js'], { flags: { workers: '2' }, entry: 'app.js' }],
  // Camel case is for keys. Flags have dashes.
  [['--ready-timeout', '1m', 'app.js'], { flags: { readyTimeout: '1m' }, entry: 'app.js' }],
  [['--config', 'a/b.json'], { flags: { config: 'a/b.json' } }],
  // The command line does not judge values.
  [['--workers', '-1', 'app.js'], { flags: { workers: '-1' }, entry: 'app.js' }],
  [['--workers=', 'app.js'], { flags: { workers: '' }, entry: 'app.js' }],
  [['--name=--x', 'app.js'], { flags: { name: '--x' }, entry: 'app.js' }],
  // Everything from the entry on belongs to the application.
  [['app.js', '--workers', '4'], { entry: 'app.js', entryArguments: ['--workers', '4'] }],
  [['app.js', '--help', '-v', '-w'], { entry: 'app.js', entryArguments: ['--help', '-v', '-w'] }],
  [['-w1', 'app.js', '-w2'], { flags: { workers: '1' }, entry: 'app.js', entryArguments: ['-w2'] }],
  [['app.js', '--', '--x'], { entry: 'app.js', entryArguments: ['--', '--x'] }],
  [['app.js', '', '--wrokers=4'], { entry: 'app.js', entryArguments: ['', '--wrokers=4'] }],
  // The same is true after --.
  [['-w', '4', '--', 'app.js', '--x'], { flags: { workers: '4' }, entry: 'app.js', entryArguments: ['--x'] }],
  [['--', '--app.js', '-h'], { entry: '--app.js', entryArguments: ['-h'] }],
  [['-w', '4', '--'], { flags: { workers: '4' } }],
  [['-'], { entry: '-' }],
  [['--help'], { help: true }],
  [['-h', 'app.js'], { help: true, entry: 'app.js' }],
  [['-v'], { version: true }],
  [['-hv'], { help: true, version: true }],
  [['--version', '--workers=2'], { version: true, flags: { workers: '2' } }],
];

const mistakes: ReadonlyArray<readonly [string[], string]> = [
  [['--wrokers', '4', 'app.js'], 'unknown option --wrokers; did you mean --workers?'],
  [['--wrokers=4', 'app.js'], 'unknown option --wrokers; did you mean --workers?'],
  [['--readyTimeout=4s'], 'unknown option --readyTimeout; did you mean --ready-timeout?'],
  [['--hlep'], 'unknown option --hlep; did you mean --help?'],
  [['--no-such-flag=1', 'app.js'], 'unknown option --no-such-flag'],
  [['--no-config', 'app.js'], 'unknown option --no-config; did you mean --config?'],
  [['-x', 'app.js'], 'unknown option -x'],
  [['-xw4', 'app.js'], 'unknown option -x'],
  [['--__proto__', 'app.js'], 'unknown option --__proto__'],
  [['--a\nb', 'app.js'], String.raw`unknown option "--a\nb"`],
  // The error reports the first mistake.
  [['--one', '--two'], 'unknown option --one'],
  [['--workers'], '--workers: expected a value'],
  [['-w'], '--workers: expected a value'],
  [['-w', '--sharing', 'auto', 'app.js'], '--workers: expected a value'],
  [['-w', '--', 'app.js'], '--workers: expected a value'],
  [['--name', '-w4', 'app.js'], '--name: expected a value'],
  [['--help=yes'], '--help: expected no value, got "yes"'],
];

for (const [argv, expected] of lines) {
  test(`prefork ${argv.join(' ')}`, () => assert.deepEqual(parseCommandLine(argv), { ...nothing, ...expected }));
}

for (const [argv, message] of mistakes) {
  test(`prefork ${JSON.stringify(argv)}: ${message}`, () =>
    assert.throws(() => parseCommandLine(argv), usage(message)));
}

const isSwitch = (key: OptionKey): boolean => optionRows[key].type === 'switch';

for (const key of optionKeys.filter(isSwitch)) {
  const flag = `--${flagName(key)}`;
  test(`${flag} needs no value, and takes one with =`, () => {
    assert.deepEqual(parseCommandLine([flag, 'app.js']), { ...nothing, flags: { [key]: 'true' }, entry: 'app.js' });
    assert.deepEqual(parseCommandLine([`${flag}=false`]).flags, { [key]: 'false' });
  });
}

for (const key of optionKeys.filter((one) => !isSwitch(one))) {
  test(`--${flagName(key)} has a value`, () => {
    assert.deepEqual(parseCommandLine([`--${flagName(key)}`, 'x']).flags, { [key]: 'x' });
  });
}

test('whatever follows the entry is passed on', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (rest) => {
      assert.deepEqual(parseCommandLine(['-w2', 'app.js', ...rest]).entryArguments, rest);
    }),
  );
});

test('argv is left alone', () => {
  const argv = Object.freeze(['-hv', 'app.js']);
  parseCommandLine(argv);
  assert.deepEqual(argv, ['-hv', 'app.js']);
});
