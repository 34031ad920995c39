import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseVerbLine, type VerbLine, type VerbShape } from '../../../src/cli/verb-line.ts';
import { usage } from '../options/usage.ts';

const plain: VerbShape = {};
const flagged: VerbShape = { flags: { json: '', now: '' } };
const counted: VerbShape = { argument: 'a number' };

const valued: VerbShape = {
  argument: 'a slot',
  values: { output: { short: 'o', value: 'file', about: '' }, seconds: { value: 'n', about: '' } },
};

const nothing: VerbLine = { name: undefined, help: false, flags: new Set(), values: new Map(), argument: undefined };

const lines: ReadonlyArray<[argv: string[], shape: VerbShape, line: Partial<VerbLine>]> = [
  [[], plain, {}],
  [['--name', 'api'], plain, { name: 'api' }],
  [['--name=api'], plain, { name: 'api' }],
  [['-n', 'api'], plain, { name: 'api' }],
  [['-napi'], plain, { name: 'api' }],
  [['-n', '4'], counted, { name: '4' }],
  [['-h'], plain, { help: true, flags: new Set(['help']) }],
  [['--json'], flagged, { flags: new Set(['json']) }],
  [['--json', '-n', 'api', '--now'], flagged, { name: 'api', flags: new Set(['json', 'now']) }],
  [['4'], counted, { argument: '4' }],
  [['+1'], counted, { argument: '+1' }],
  [['-1'], counted, { argument: '-1' }],
  [['-12', '-n', 'api'], counted, { name: 'api', argument: '-12' }],
  [['-n', 'api', '-1'], counted, { name: 'api', argument: '-1' }],
  [['--', '-1'], counted, { argument: '-1' }],
  [['0', '--seconds', '5'], valued, { argument: '0', values: new Map([['seconds', '5']]) }],
  [
    ['--seconds=5', '0', '-o', 'x.json'],
    valued,
    {
      argument: '0',
      values: new Map([
        ['seconds', '5'],
        ['output', 'x.json'],
      ]),
    },
  ],
  [['api'], plain, { name: 'api', argument: 'api' }],
  [['-ox', '--output', 'y'], valued, { values: new Map([['output', 'y']]) }],
];
for (const [argv, shape, line] of lines) {
  test(`reads ${argv.join(' ') || 'nothing'}`, () => {
    assert.deepEqual(parseVerbLine(argv, shape), { ...nothing, ...line });
  });
}

const badLines: ReadonlyArray<[argv: string[], shape: VerbShape, message: string]> = [
  [['--jsn'], flagged, 'unknown option --jsn; did you mean --json?'],
  [['--json'], plain, 'unknown option --json'],
  [['--seconds'], valued, '--seconds: expected a value'],
  [['-o', '--seconds', '4'], valued, '--output: expected a value'],
  [['--secnds', '4'], valued, 'unknown option --secnds; did you mean --seconds?'],
  [['-x'], plain, 'unknown option -x'],
  [['--names', 'api'], plain, 'unknown option --names; did you mean --name?'],
  [['--constructor'], plain, 'unknown option --constructor'],
  [['--json=yes'], flagged, '--json: expected no value, got "yes"'],
  [['--help=1'], plain, '--help: expected no value, got "1"'],
  [['--name'], plain, '--name: expected a value'],
  [['-n'], plain, '--name: expected a value'],
  [['--name', '--json'], flagged, '--name: expected a value'],
  [['-n', 'api'.repeat(30)], plain, badName('api'.repeat(30).slice(0, 60), '...')],
  [['-n', 'a/b'], plain, badName('a/b')],
  [['-n', '../b'], plain, badName('../b')],
  [['-n', '-1'], counted, badName('-1')],
  [['--name='], plain, badName('')],
  [['api', 'web'], plain, 'expected no argument "web"'],
  [['api', '-n', 'web'], plain, 'expected one name, got "web" and "api"'],
  [['a/b'], plain, badName('a/b').replace('--name', 'name')],
  [['api'], { isNameless: true }, 'expected no argument "api"'],
  [['1', '2'], counted, 'expected no argument "2"'],
  [['1', '-2'], counted, 'expected no argument "-2"'],
];
for (const [argv, shape, message] of badLines) {
  test(`refuses ${argv.join(' ')}`, () => assert.throws(() => parseVerbLine(argv, shape), usage(message)));
}

function badName(text: string, more = ''): string {
  return `--name: expected 1 to 64 letters, digits, ".", "_" or "-", not starting with "." or "-", got "${text}${more}"`;
}
