/** Tests what follows from the fields of a head, and the lines of chunks, by the grammar's own words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCookies } from '../../../../src/http/message/cookies.ts';
import { Parser } from '../../../../src/http/protocol/parser.ts';
import { HEAD } from '../../../../src/http/protocol/parser-events.ts';
import { cuts, limits, read } from './reading.ts';

/** A character that `String.trim` takes off, and RFC 9110, 5.6.3, does not. */
const NOT_BLANK = '\xa0';

test('around a transfer coding there are blanks, and nothing else that looks like one', () => {
  const coded = (value: string): string => verdict(`Transfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`);
  for (const value of ['chunked', ' \tchunked\t ', 'CHUNKED']) assert.equal(coded(value), 'complete', value);
  for (const value of [`chunked${NOT_BLANK}`, `${NOT_BLANK}chunked`, 'chunked,', ',chunked', 'chunked;a=b', '']) {
    assert.equal(coded(value), 'refused', value);
  }
});

test('a token of Connection is one between blanks and commas', () => {
  for (const value of ['close', 'a, close', 'a\t,\tclose', ',,close', 'Keep-Alive,CLOSE']) {
    assert.equal(keepsAlive(`Connection: ${value}`), false, value);
  }
  for (const value of [`close${NOT_BLANK}`, `a,${NOT_BLANK}close`, 'closed', 'close;', 'clo se']) {
    assert.equal(keepsAlive(`Connection: ${value}`), true, value);
  }
});

test('the name of a cookie is what stands between blanks', () => {
  const field = ` __Host-a=1;\t${NOT_BLANK}__Host-b=2 ;c = ${NOT_BLANK}3`;
  assert.deepEqual(
    [...parseCookies(field)],
    [
      ['__Host-a', '1'],
      [`${NOT_BLANK}__Host-b`, '2'],
      ['c', `${NOT_BLANK}3`],
    ],
  );
});

test('HTTP/1.0 does not upgrade: RFC 9110, 7.8', () => {
  for (const [version, upgrades] of [
    ['1.1', true],
    ['1.0', false],
  ] as const) {
    const parser = parsed(`GET / HTTP/${version}\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`);
    assert.equal(parser.head.framing.upgrades, upgrades);
  }
});

const sizes: ReadonlyArray<readonly [line: string, verdict: 'complete' | 'refused']> = [
  // RFC 9112, 7.1: chunk-size = 1*HEXDIG.
  ['5', 'complete'],
  [`${'0'.repeat(100)}5`, 'complete'],
  ['', 'refused'],
  ['g', 'refused'],
  ['+5', 'refused'],
  ['0x5', 'refused'],
  ['5,5', 'refused'],
  ['20000000000005', 'refused'],
  ['f'.repeat(17), 'refused'],
  // 7.1.1: chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
  ['5;a', 'complete'],
  ['5;a=b;c="d;\\"e"', 'complete'],
  ['5 ;a', 'complete'],
  ['5\t; \ta', 'complete'],
  ['5;a \t=\t b', 'complete'],
  ['5;a ;b', 'complete'],
  ['5;a="b" ; c', 'complete'],
  [' 5', 'refused'],
  ['5 ', 'refused'],
  ['5 5', 'refused'],
  ['5\t', 'refused'],
  ['5;', 'refused'],
  ['5; ', 'refused'],
  ['5;a ', 'refused'],
  ['5;a b', 'refused'],
  ['5;a=', 'refused'],
  ['5;a= ', 'refused'],
  ['5;a=b ', 'refused'],
  ['5;a=b c', 'refused'],
  ['5;a="b" ', 'refused'],
  ['5;a="b"c', 'refused'],
  ['5;=b', 'refused'],
  ['5;a=b=c', 'refused'],
  ['5;a="b\x01"', 'refused'],
  [`5${NOT_BLANK};a`, 'refused'],
];

for (const [line, expected] of sizes) {
  test(`a chunk of the line ${JSON.stringify(line)} is ${expected}`, () => {
    const bytes = Buffer.from(`${head('Transfer-Encoding: chunked')}${line}\r\nhello\r\n0\r\n\r\n`, 'latin1');
    for (const pieces of cuts(bytes)) {
      const { messages, verdict: found } = read(pieces);
      assert.equal(found, expected);
      if (expected === 'complete') assert.equal(messages[0]!.body, 'hello');
    }
  });
}

test('a parser that has refused extensions says of the next body what is wrong with that', () => {
  const parser = new Parser({ ...limits, extensions: 3 });
  for (const [line, refusal] of [
    ['5;abcd', 'CHUNK_EXTENSIONS_TOO_LARGE'],
    ['g', 'BAD_CHUNK'],
  ] as const) {
    read([Buffer.from(`${head('Transfer-Encoding: chunked')}${line}\r\n`)], parser);
    assert.equal(parser.refusal, refusal);
    parser.reset();
  }
});

function head(field: string): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\n`;
}

function verdict(rest: string): string {
  return read([Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\n${rest}`, 'latin1')]).verdict;
}

function keepsAlive(field: string): boolean {
  return parsed(head(field)).keepsAlive;
}

function parsed(text: string): Parser {
  const parser = new Parser(limits);
  const bytes = Buffer.from(text, 'latin1');
  assert.equal(parser.next(bytes, 0, bytes.length), HEAD);
  return parser;
}
