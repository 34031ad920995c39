import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerReader, type Http1Answer } from '../../../src/testing/load/answer.ts';

interface Case {
  readonly what: string;
  readonly text: string;
  readonly method?: string;
  readonly status?: number;
  readonly body?: string;
  readonly closes?: boolean;
  /** True when the answer is whole only at the end of the connection. */
  readonly untilClose?: true;
}

const head = 'HTTP/1.1 200 OK\r\n';
const cases: readonly Case[] = [
  { what: 'a length', text: `${head}Content-Length: 5\r\n\r\nhello`, body: 'hello' },
  { what: 'no body', text: `${head}Content-Length: 0\r\n\r\n` },
  { what: 'no reason', text: 'HTTP/1.1 200 \r\ncontent-length:2\r\n\r\nhi', body: 'hi' },
  { what: 'close', text: `${head}Connection: close\r\nContent-Length: 0\r\n\r\n`, closes: true },
  { what: 'close among others', text: `${head}connection: x, Close\r\nContent-Length: 0\r\n\r\n`, closes: true },
  { what: 'HTTP/1.0', text: 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', closes: true },
  { what: 'HTTP/1.0 kept', text: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n' },
  { what: 'no length', text: `${head}\r\nuntil the end`, body: 'until the end', closes: true, untilClose: true },
  { what: '204', text: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204 },
  { what: '304', text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', status: 304 },
  { what: 'HEAD', text: `${head}Content-Length: 9\r\n\r\n`, method: 'HEAD' },
  {
    what: 'interim',
    text: `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${head}Content-Length: 2\r\n\r\nhi`,
    body: 'hi',
  },
  {
    what: 'chunks',
    text: `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n, you all!\r\n0\r\n\r\n`,
    body: 'hello, you all!',
  },
  {
    what: 'a trailer',
    text: `${head}Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\nTime: 3\r\n\r\n`,
    body: 'x',
  },
];

for (const { what, text, method = 'GET', status = 200, body = '', closes = false, untilClose } of cases) {
  test(`reads ${what}, whole and byte by byte`, () => {
    const bytes = Buffer.from(text, 'latin1');
    for (const size of [bytes.length, 1, 7]) {
      const reader = new AnswerReader(method);
      let answer: Http1Answer | undefined;
      for (let at = 0; at < bytes.length; at += size) {
        assert.equal(answer, undefined, `whole before byte ${at}`);
        answer = reader.push(bytes.subarray(at, at + size));
      }
      if (untilClose) assert.equal(answer, undefined);
      answer ??= reader.end();
      assert.deepEqual([answer?.status, answer?.body.toString(), answer?.closes], [status, body, closes]);
    }
  });
}

test('no part of an answer is taken for the whole', () => {
  for (const { text, untilClose, method = 'GET' } of cases) {
    const bytes = Buffer.from(text, 'latin1');
    const reader = new AnswerReader(method);
    assert.equal(reader.push(bytes.subarray(0, -1)), undefined, text);
    if (untilClose === undefined) assert.equal(reader.end(), undefined, text);
  }
});

const malformed: ReadonlyArray<[what: string, text: string, message: RegExp]> = [
  ['what is not HTTP', 'SSH-2.0-x\r\n\r\n', /the answer begins with "SSH-2.0-x"/],
  ['a header without a name', `${head}: x\r\n\r\n`, /a header of the answer is ": x"/],
  ['a length that is none', `${head}Content-Length: -1\r\n\r\n`, /Content-Length is "-1"/],
  ['two lengths', `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, /Content-Length is "1, 2"/],
  ['a body that is too long', `${head}Content-Length: 1\r\n\r\nxyz`, /2 bytes too many/],
  ['the size of a chunk', `${head}Transfer-Encoding: chunked\r\n\r\nfive\r\n`, /the size of a chunk is "five"/],
  ['a chunk that is too long', `${head}Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n`, /longer than its size/],
];
for (const [what, text, message] of malformed) {
  test(`refuses ${what}`, () => assert.throws(() => new AnswerReader('GET').push(Buffer.from(text)), message));
}
