import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TerminalText } from '../../../src/privileges/terminal-text.ts';

/** Returns the output for an input in pieces of `size` bytes. */
function passed(text: string | Buffer, size: number): string {
  const bytes = Buffer.from(text as string);
  const filter = new TerminalText();
  let out = '';
  for (let at = 0; at < bytes.length; at += size) out += filter.write(bytes.subarray(at, at + size));
  return out + filter.end();
}

const cases: ReadonlyArray<readonly [what: string, text: string | Buffer, expected: string]> = [
  ['text', 'a line\r\n\tand another: grüße, 你好 👋\n', 'a line\r\n\tand another: grüße, 你好 👋\n'],
  ['colours', '\u001B[1;38;5;208mbold\u001B[0m \u001B[m', '\u001B[1;38;5;208mbold\u001B[0m \u001B[m'],
  ['a title', '\u001B]0;PWNED\u0007', '\\u001b]0;PWNED\\u0007'],
  ['the clipboard', '\u001B]52;c;cm0gLXJm\u001B\\', '\\u001b]52;c;cm0gLXJm\\u001b\\'],
  ['a question', '\u001B[6n\u001B[c\u001BZ\u0005', '\\u001b[6n\\u001b[c\\u001bZ\\u0005'],
  ['another screen', '\u001B[?1049h\u001Bc\u001B[2J', '\\u001b[?1049h\\u001bc\\u001b[2J'],
  ['8-bit controls', '\u009B31m\u009D0;x\u009C', '\\u009b31m\\u009d0;x\\u009c'],
  ['a piece of a colour', 'x\u001B[31', 'x\\u001b[31'],
  ['a colour without an end', `\u001B[${'1'.repeat(100)}m`, `\\u001b[${'1'.repeat(100)}m`],
  ['a colour in a colour', '\u001B[3\u001B[31m1m', '\\u001b[3\u001B[31m1m\u001B[0m'],
  [
    'colours that go on',
    'a\u001B[31mred\nb\u001B[1mc\r\n\u001B[0;4md',
    'a\u001B[31mred\u001B[0m\nb\u001B[1mc\u001B[0m\r\n\u001B[0;4md\u001B[0m',
  ],
  [
    'colours that end',
    '\u001B[31mred\u001B[m\n\u001B[1m\u001B[000m\n',
    '\u001B[31mred\u001B[m\n\u001B[1m\u001B[000m\n',
  ],
  ['what conceals', '\u001B[8ma\u001B[008;8mb\u001B[1;8;4mc\u001B[8:1md', 'ab\u001B[1;4mcd\u001B[0m'],
  [
    'colours by number',
    '\u001B[38;5;8ma\u001B[8;48;2;8;8;8;8mb\u001B[38:5:8mc\u001B[0m',
    '\u001B[38;5;8ma\u001B[48;2;8;8;8mb\u001B[38:5:8mc\u001B[0m',
  ],
  ['colours that are not whole', '\u001B[38;8ma\u001B[4;38;5mb\u001B[48;2;8;8mc', 'a\u001B[4mbc\u001B[0m'],
  ['a line that begins anew', 'mine\r[b] yours\r\n\r\r\nx\r', 'mine\\u000d[b] yours\r\n\\u000d\r\nx\\u000d'],
  ['no UTF-8', Buffer.from([0x61, 0x9b, 0x62, 0xff]), 'a\uFFFDb\uFFFD'],
];

for (const [what, text, expected] of cases) {
  test(`of ${what}, text and colours reach the terminal, however they come`, () => {
    for (const size of [1, 2, 3, 1000]) assert.equal(passed(text, size), expected, `in pieces of ${size}`);
  });
}

test('what is held back is not without end', () => {
  const filter = new TerminalText();
  let out = '';
  for (let nth = 0; nth < 10_000; nth++) out += filter.write(Buffer.from(nth === 0 ? '\u001B[' : '1'));
  assert.ok(out.length >= 9_960);
});
