import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswer } from '../load/answer.ts';

const answers: Record<string, { text: string; body: string; closes: boolean }> = {
  length: { text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', body: 'hello', closes: false },
  chunks: {
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n',
    body: 'hello',
    closes: true,
  },
  empty: { text: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', body: '', closes: false },
};

for (const [name, { text, body, closes }] of Object.entries(answers)) {
  test(`an answer with ${name} is whole with its last byte and not before`, () => {
    for (let length = 0; length < text.length; length++) {
      assert.equal(readAnswer(Buffer.from(text.slice(0, length)), false), undefined);
    }
    const answer = readAnswer(Buffer.from(`${text}HTTP/1.1`), false);
    assert.deepEqual(answer, { status: 200, body, bytes: text.length, closes });
  });
}

test('an answer without a length is whole when the connection has ended', () => {
  const text = Buffer.from('HTTP/1.1 200 OK\r\n\r\nhello');
  assert.equal(readAnswer(text, false), undefined);
  assert.equal(readAnswer(text, true)?.body, 'hello');
});
