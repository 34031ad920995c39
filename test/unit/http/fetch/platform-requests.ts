/** The cases of the standard of fetch for a Request that a client has sent, and for its URL. */
import assert from 'node:assert/strict';
import { request as head } from '../helpers.ts';

export interface RequestCase {
  readonly what: string;
  /**
   * The request that is sent, from its first line. The field Host echoes what it gets, and the method is in `x-method`.
   */
  readonly sent: string;
  readonly run: (request: Request, Made: typeof Request) => unknown;
}

const all: RequestCase[] = [];

function test(what: string, sent: string, run: RequestCase['run']): void {
  all.push({ what, sent, run });
}

const post = (body: string, fields: Record<string, string> = {}): string =>
  head('POST /a?b=c', { 'X-A': '1', 'Content-Length': String(Buffer.byteLength(body)), ...fields }, body);
const get = head('GET /a?b=c', { 'X-A': '1' });

test('is an instance, of the tag and the constructor that it says', get, (request, Made) => {
  assert.ok(request instanceof Made);
  assert.equal(Object.prototype.toString.call(request), '[object Request]');
  assert.equal(request.constructor, Made);
});
test('has its attributes where others look for them', get, (request) => {
  const names = new Set<string>();
  for (const name in request) names.add(name);
  for (const name of 'method url headers body bodyUsed signal mode redirect clone text json'.split(' ')) {
    assert.ok(names.has(name), name);
  }
});
test('has what the standard gives by default', get, (request) => {
  const { method, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive } = request;
  assert.deepEqual([method, mode, credentials, cache], ['GET', 'cors', 'same-origin', 'default']);
  assert.deepEqual(
    [redirect, referrer, referrerPolicy, integrity, keepalive],
    ['follow', 'about:client', '', '', false],
  );
  assert.ok(request.signal instanceof AbortSignal);
  assert.equal(request.duplex, 'half');
});
test('cannot be given another method, URL, or headers', get, (request) => {
  for (const name of ['method', 'url', 'headers', 'signal', 'body', 'bodyUsed'] as const) {
    const before: unknown = request[name];
    assert.throws(() => ((request as unknown as Record<string, unknown>)[name] = 'x'), TypeError, name);
    assert.equal(request[name], before, name);
  }
});
test('headers are one object that may be changed', get, (request) => {
  assert.equal(request.headers, request.headers);
  request.headers.set('x-a', '2');
  assert.equal(request.headers.get('X-A'), '2');
});
test('headers are one object, also when the body was touched meanwhile', post('a'), (request) => {
  const { headers } = request;
  void request.body;
  headers.set('x-a', '2');
  assert.equal(request.headers, headers);
  assert.equal(request.clone().headers.get('x-a'), '2');
});
test('headers are combined, but for cookies', head('GET /', { A: '1', a: '2', Cookie: 'b=c' }), (request) => {
  assert.equal(request.headers.get('a'), '1, 2');
  assert.equal(request.headers.get('cookie'), 'b=c');
});

// These requests have no content.
for (const sent of [get, head('DELETE /'), head('POST /', { 'Content-Length': '0' })]) {
  const name = sent.slice(0, sent.indexOf(' '));
  test(`${name} without content has no body`, sent, (request) => {
    assert.deepEqual([request.body, request.bodyUsed], [null, false]);
  });
  test(`${name} without content is read as often as one likes`, sent, async (request) => {
    assert.deepEqual([await request.text(), await request.text(), request.bodyUsed], ['', '', false]);
    assert.equal((await request.arrayBuffer()).byteLength, 0);
    await assert.rejects(request.json(), SyntaxError);
    assert.equal(await request.clone().text(), '');
  });
}
test('GET with content has no body', head('GET /', { 'Content-Length': '1' }, 'a'), async (request) => {
  assert.deepEqual([request.body, await request.text(), request.bodyUsed], [null, '', false]);
});

// These requests have content.
const contents: ReadonlyArray<readonly [what: string, sent: string, text: string]> = [
  ['text', post('"\u00e4 \u2603"'), '"\u00e4 \u2603"'],
  ['chunks', `${head('PUT /', { 'Transfer-Encoding': 'chunked' })}2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n`, '[1]'],
  ['much text', post(`"${'x'.repeat(100_000)}"`), `"${'x'.repeat(100_000)}"`],
];
for (const [what, sent, text] of contents) {
  test(`text() of ${what}`, sent, async (request) => {
    assert.equal(request.bodyUsed, false);
    const reading = request.text();
    assert.equal(request.bodyUsed, true);
    assert.equal(await reading, text);
    assert.equal(request.bodyUsed, true);
  });
  test(`json() of ${what}`, sent, async (request) => assert.deepEqual(await request.json(), JSON.parse(text)));
  test(`arrayBuffer() of ${what}`, sent, async (request) => {
    const buffer = await request.arrayBuffer();
    assert.ok(buffer instanceof ArrayBuffer);
    assert.equal(Buffer.from(buffer).toString(), text);
  });
  test(`bytes() of ${what}, in memory of their own`, sent, async (request) => {
    if (!('bytes' in request)) return;
    const bytes = await (request as { bytes(): Promise<Uint8Array> }).bytes();
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    assert.equal(bytes.buffer.byteLength, Buffer.byteLength(text));
    assert.equal(Buffer.from(bytes).toString(), text);
  });
  test(`blob() of ${what}`, sent, async (request) => {
    const blob = await request.blob();
    assert.equal(await blob.text(), text);
  });
  test(`the body of ${what}, in memory of its own`, sent, async (request) => {
    assert.ok(request.body instanceof ReadableStream);
    assert.equal(request.body, request.body);
    const pieces: Uint8Array[] = [];
    for await (const piece of request.body) {
      assert.equal(Object.getPrototypeOf(piece), Uint8Array.prototype);
      assert.equal(piece.buffer.byteLength, piece.byteLength);
      pieces.push(piece);
    }
    assert.equal(Buffer.concat(pieces).toString(), text);
    assert.equal(request.bodyUsed, true);
  });
  for (const first of ['text', 'json', 'arrayBuffer', 'blob'] as const) {
    test(`${first}() of ${what}, and then any other`, sent, async (request) => {
      await request[first]();
      assert.equal(request.bodyUsed, true);
      for (const name of ['text', 'json', 'arrayBuffer', 'blob', 'formData'] as const) {
        await assert.rejects(request[name](), TypeError, name);
      }
      assert.ok(request.body !== null);
    });
  }
  test(`two reads of ${what} at once`, sent, async (request) => {
    const [one, two] = await Promise.allSettled([request.text(), request.json()]);
    assert.deepEqual([one.status, two.status], ['fulfilled', 'rejected']);
    assert.ok((two as PromiseRejectedResult).reason instanceof TypeError);
  });
  test(`a clone of ${what}`, sent, async (request, Made) => {
    const clone = request.clone();
    assert.ok(clone instanceof Made);
    assert.deepEqual(
      [clone.method, clone.url, clone.headers.get('x-a')],
      [request.method, request.url, request.headers.get('x-a')],
    );
    assert.deepEqual(await Promise.all([request.text(), clone.text()]), [text, text]);
  });
  test(`no clone, and no other request, of ${what} that was read`, sent, async (request, Made) => {
    const reading = request.text();
    assert.throws(() => request.clone(), TypeError);
    assert.throws(() => new Made(request), TypeError);
    await reading;
    assert.throws(() => request.clone(), TypeError);
    assert.throws(() => new Made(request), TypeError);
    assert.equal(await new Made(request, { body: 'other', method: 'POST' }).text(), 'other');
  });
  test(`another request of ${what} takes the body`, sent, async (request, Made) => {
    const other = new Made(request);
    assert.deepEqual([other.method, other.url], [request.method, request.url]);
    assert.equal(request.bodyUsed, true);
    await assert.rejects(request.text(), TypeError);
    assert.equal(await other.text(), text);
  });
  test(`${what} as the init of another request`, sent, async (request, Made) => {
    const other = new Made('http://b/', request);
    assert.deepEqual(
      [other.method, other.url, other.headers.get('x-a')],
      [request.method, 'http://b/', request.headers.get('x-a')],
    );
    assert.equal(await other.text(), text);
  });
  test(`${what} that is being read by its stream is used`, sent, async (request, Made) => {
    const reader = request.body!.getReader();
    assert.equal(request.bodyUsed, false);
    await assert.rejects(request.text(), TypeError);
    assert.throws(() => request.clone(), TypeError);
    assert.throws(() => new Made(request), TypeError);
    await reader.read();
    assert.equal(request.bodyUsed, true);
  });
  test(`fetch(request) of ${what}`, sent, async (request) => {
    const answered = await fetch(request);
    assert.equal(await answered.text(), text);
    assert.equal(answered.headers.get('x-method'), request.method);
    assert.equal(request.bodyUsed, true);
    await assert.rejects(fetch(request), TypeError);
  });
  test(`fetch() of another request of ${what}`, sent, async (request, Made) => {
    assert.equal(await (await fetch(new Made(request.url, request))).text(), text);
  });
}
test('fetch(request) without content', head('GET /a'), async (request) => {
  const answered = await fetch(request);
  assert.deepEqual([await answered.text(), answered.headers.get('x-method')], ['', 'GET']);
});
test('a byte order mark', post('\ufeff[1]'), async (request) => {
  const clone = request.clone();
  assert.equal(await clone.text(), '[1]');
  assert.deepEqual(await request.json(), [1]);
});
test('json() after a byte order mark', post('\ufeff[1]'), async (request) =>
  assert.deepEqual(await request.json(), [1]),
);
test('text() after two byte order marks', post('\ufeff\ufeffa'), async (request) => {
  assert.equal(await request.text(), '\ufeffa');
});
for (const text of ['{', 'undefined', 'a']) {
  test(`json() of ${text}`, post(text), (request) => assert.rejects(request.json(), SyntaxError));
}
test('a form', post('a=b&c=', { 'Content-Type': 'application/x-www-form-urlencoded' }), async (request) => {
  assert.deepEqual(
    [...(await request.formData())],
    [
      ['a', 'b'],
      ['c', ''],
    ],
  );
});
test('no form of text', post('a', { 'Content-Type': 'text/plain' }), (request) =>
  assert.rejects(request.formData(), TypeError),
);
test('another request with other headers, and what was done to these', post('a'), async (request, Made) => {
  request.headers.set('x-a', '2');
  assert.equal(new Made(request.clone()).headers.get('x-a'), '2');
  const other = new Made(request, { headers: { b: 'c' } });
  assert.deepEqual([other.headers.get('x-a'), other.headers.get('b'), await other.text()], [null, 'c', 'a']);
});

export const requestCases: readonly RequestCase[] = all;

/** Targets and hosts whose URL is not what they are put together. */
export const urlCases: ReadonlyArray<readonly [line: string, host: string]> = [
  ...['/', '/a', '/a?b=c', '/a//b', '//a/b', '/a/../b', '/a/./b', '/a/.', '/a/..', '/%2e%2e/a', '/a/%2E', '/..'].map(
    (path) => [path, 'a'] as const,
  ),
  ...Array.from({ length: 0x7f - 0x21 }, (_, index) => String.fromCodePoint(0x21 + index))
    .filter((character) => character !== '#')
    .flatMap((character) => [[`/a${character}b`, 'a'] as const, [`/?a${character}b`, 'a'] as const]),
  ['/%zz', 'a'],
  ['/%', 'a'],
  ['/?a=/../b', 'a'],
  ['/?', 'a'],
  ['/a?b?c', 'a'],
  ...[
    'A',
    'Example.COM',
    'a:80',
    'a:443',
    'a:8080',
    'a:',
    'a:0080',
    'a.',
    'a_b',
    '127.0.0.1',
    '1',
    '[::1]',
    '[::1]:80',
    '[1:0:0:0:0:0:0:2]',
    'a%41',
    'XN--MGBA3A4F16A.test',
    "a!$&'()*+,;=~b",
  ].map((host) => ['/b', host] as const),
  ['http://B:80/a', 'a'],
  ['HTTP://b/a/../c', 'a'],
  ['http://b?a', 'a'],
  ['http://b', 'a'],
];
