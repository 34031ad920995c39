import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ansi } from '../../../src/cli/colors.ts';
import { print, shownLine } from '../../../src/cli/print.ts';
import { createLog, type LineSink } from '../../../src/primary/telemetry/log.ts';
import { printable, printableLines, printableValue, withoutSequences } from '../../../src/format/printable.ts';

/** Characters that control a terminal, or change how a line is read. */
const unsafe: ReadonlyArray<[what: string, text: string]> = [
  ['an escape', '\u001B[2J'],
  ['a title', '\u001B]0;owned\u0007'],
  ['a C1 sequence', '\u009B31m'],
  ['a bell', '\u0007'],
  ['a carriage return', 'all is well\rnot'],
  ['a backspace', 'no\b\byes'],
  ['DEL', '\u007F'],
  ['NUL', '\0'],
  ['a line separator', '\u2028prefork: ready'],
  ['a paragraph separator', '\u2029prefork: ready'],
  ['an override of the direction', '\u202Egnp.exe'],
  ['an isolate', '\u2066x\u2069'],
  ['a mark of the direction', '\u200F\u061C\u200E'],
];
// oxlint-disable-next-line no-misleading-character-class -- these characters must not occur
const dangerous = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/;

for (const [what, text] of unsafe) {
  test(`${what} is shown, and not obeyed`, () => {
    for (const shown of [printable(text), printableLines(text), shownLine(text), written(text)]) {
      assert.doesNotMatch(shown, dangerous);
      assert.match(shown, /\\u[\da-f]{4}/);
    }
    assert.doesNotMatch(JSON.stringify(printableValue({ [text]: [text, { text }] })), dangerous);
    for (const format of ['text', 'json'] as const) {
      const line = logged(format, text);
      assert.doesNotMatch(line, dangerous);
      assert.ok(!line.includes('\n'), line);
    }
    assert.equal(
      (JSON.parse(logged('json', text)) as { message: string }).message,
      text,
      'for programs it is the same',
    );
  });
}

test('what is text stays as it is, in every script', () => {
  for (const text of ['/srv/käse', 'שלום', '日本語', '👩‍👩‍👧', 'a\u00A0b', '\\u001b']) assert.equal(printable(text), text);
  assert.equal(printableLines('one\n\ttwo\n'), 'one\n\ttwo\n');
  assert.equal(printable('one\ntwo'), 'one\\u000atwo');
  assert.equal(withoutSequences('\u001B[31mred\u001B[0m\u001B[?25l\u001B[2J'), 'red');
});

test('colours are ours to write, and no other sequence is', () => {
  const text = `${ansi('red', 'x')}${ansi('bold', 'y')}`;
  assert.equal(shownLine(text), text);
  assert.equal(written(`${text}\n`), `${text}\n`);
  for (const other of ['\u001B[8m', '\u001B[31;8m', '\u001B[999m', '\u001B[1A']) {
    assert.doesNotMatch(shownLine(`${text}${other}`).replaceAll(text, ''), dangerous);
  }
});

test('JSON is the same value', () => {
  for (const [, text] of unsafe) {
    const json = `${JSON.stringify({ text }, undefined, 2)}\n`;
    assert.deepEqual(JSON.parse(written(json)), { text });
  }
});

/** The files in which prefork writes to its output, and why each does not bypass printable.ts. */
const writers: Readonly<Record<string, string>> = {
  'cli/print.ts': 'it is the way',
  'cli/top/screen.ts': 'lines by shownLine, and sequences of its own',
  'primary/telemetry/log.ts': 'lines by printable',
  'primary/workers/prefixed-output.ts': 'what workers print themselves, as they print it',
  'worker/last-words/early-output.ts': 'remembers what the application prints',
  'worker/draining/one-shot-hooks.ts': 'the output of a worker',
  'worker/draining/orphan.ts': 'the output of a worker',
  'privileges/root-inspector.ts': 'a sentence of its own, of which nothing came from elsewhere',
  'state/leadership.ts': 'the output of a worker',
};

test('nothing is printed past it', () => {
  const directory = fileURLToPath(new URL('../../../../src', import.meta.url));
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const writing = files.filter((file) => {
    const source = readFileSync(join(directory, file), 'utf8').replaceAll(/\/\*\*.*?\*\/|\/\/[^\n]*/gs, '');
    return /\b(?:stdout|stderr|output)!?\s*\.write\(|\bconsole\.|\bprocess,\s*'std|= process\.std(?:out|err)\b(?!\.isTTY)|\bwriteSync\([12],/.test(
      source,
    );
  });
  assert.deepEqual(writing.toSorted(), Object.keys(writers).toSorted());
});

function written(text: string): string {
  const output = new PassThrough({ encoding: 'utf8' });
  print(text, output);
  return output.read() as string;
}

function logged(format: 'text' | 'json', message: string): string {
  const lines: string[] = [];
  const take = (line: string): void => void lines.push(line);
  const sink: LineSink = { debug: take, info: take, warn: take, error: take };
  createLog(format, 'debug', sink)('error', { message, code: message });
  assert.equal(lines.length, 1);
  return lines[0]!;
}
