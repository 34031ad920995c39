/**
 * Tests the cases of llhttp, the parser inside Node. Each is read as it says: whole, byte by byte, and cut at every
 * point.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cases } from './llhttp.ts';
import { cuts, read } from './reading.ts';

const otherCoding =
  'RFC 9112, 6.1: "A server that receives a request message with a transfer coding it does not ' +
  'understand SHOULD respond with 501 (Not Implemented)."';
const otherProtocol = 'RFC 9112, 2.3: the version is HTTP-name "/" DIGIT "." DIGIT, and HTTP-name is "HTTP".';

/** The cases that we refuse and llhttp takes, with the words that say so. */
const refused: Readonly<Record<string, string>> = {
  'method.md: M-SEARCH request':
    'RFC 9112, 3.2.4: "The asterisk-form of request-target is only used for a server-wide OPTIONS request."',
  'method.md: SOURCE request with ICE': otherProtocol,
  'method.md: OPTIONS request with RTSP': otherProtocol,
  'method.md: ANNOUNCE request with RTSP': otherProtocol,
  'sample.md: No HTTP version':
    'RFC 9112, 3: a request-line is method SP request-target SP HTTP-version; its appendix C.1 leaves HTTP/0.9 behind.',
  'transfer-encoding.md: POST with `chunked` as last transfer-encoding': otherCoding,
  'transfer-encoding.md: POST with `chunked` as last transfer-encoding (multiple headers)': otherCoding,
  'uri.md: `host:port` and basic auth':
    'RFC 9110, 4.2.4: "Before making use of an "http" or "https" URI reference received from an untrusted source, a ' +
    'recipient SHOULD parse for userinfo and treat its presence as an error".',
};

const all = cases();

for (const { name, bytes, expected } of all) {
  const ours = refused[name] === undefined ? expected : { messages: [], verdict: 'refused' };
  test(name, () => {
    for (const pieces of cuts(bytes)) assert.deepEqual(read(pieces), ours, JSON.stringify(pieces.map(String)));
  });
}

test('no case is missing, and none that we answer otherwise has gone', () => {
  const names = new Set(all.map(({ name }) => name));
  assert.equal(all.length, 136);
  assert.deepEqual(
    Object.keys(refused).filter((name) => !names.has(name)),
    [],
  );
});
