/**
 * The cases of the standard of fetch for a Response, after the subjects of the web platform tests (fetch/api/response,
 * headers).
 */
import assert from 'node:assert/strict';

type Init = ConstructorParameters<typeof Response>[1];

export interface ResponseCase {
  readonly what: string;
  readonly run: (Made: typeof Response) => unknown;
}

const all: ResponseCase[] = [];

function test(what: string, run: ResponseCase['run']): void {
  all.push({ what, run });
}

const wrong = (value: unknown): never => value as never;

// These cases are about defaults and their kinds.
test('without arguments', (Made) => {
  const made = new Made();
  assert.deepEqual([made.status, made.statusText, made.ok, made.body, made.bodyUsed], [200, '', true, null, false]);
  assert.deepEqual([made.type, made.url, made.redirected], ['default', '', false]);
  assert.deepEqual([...made.headers], []);
});
test('is an instance, of the tag and the constructor that it says', (Made) => {
  const made = new Made('a');
  assert.ok(made instanceof Made);
  assert.equal(Object.prototype.toString.call(made), '[object Response]');
  assert.equal(made.constructor, Made);
  assert.equal(Made.name, 'Response');
});
test('is not made without new', (Made) => assert.throws(() => (Made as unknown as () => void)(), TypeError));
test('has its attributes where others look for them', (Made) => {
  const names = new Set<string>();
  for (const name in new Made('a')) names.add(name);
  for (const name of 'status statusText ok headers body bodyUsed type url redirected clone text json'.split(' ')) {
    assert.ok(names.has(name), name);
  }
});
test('may be extended', async (Made) => {
  class Own extends Made {
    get double(): number {
      return 2 * this.status;
    }
  }
  const own = new Own('a', { status: 201 });
  assert.ok(own instanceof Own && own instanceof Made);
  assert.equal(own.double, 402);
  assert.equal(await own.text(), 'a');
  assert.equal(new Made('a') instanceof Own, false);
});
test('headers are one object', (Made) => {
  const made = new Made('a', { headers: { a: 'b' } });
  assert.equal(made.headers, made.headers);
});
test('headers are one object, also when the body was touched meanwhile', (Made) => {
  const made = new Made('a', { headers: { a: 'b' } });
  const { headers } = made;
  void made.body;
  headers.set('a', 'c');
  assert.equal(made.headers, headers);
  assert.equal(made.headers.get('a'), 'c');
});

// These cases are about the init.
for (const status of [200, 201, 299, 404, 500, 599]) {
  test(`status ${status}`, (Made) => {
    const made = new Made(null, { status });
    assert.deepEqual([made.status, made.ok], [status, status < 300]);
  });
}
for (const status of [-1, 0, 1, 100, 101, 199, 600, 1000, Number.NaN]) {
  test(`no status ${status}`, (Made) => assert.throws(() => new Made('', { status }), RangeError));
}
test('a status as text', (Made) => assert.equal(new Made('', { status: wrong('404') }).status, 404));
test('a status with a fraction', (Made) => assert.equal(new Made('', { status: 404.9 }).status, 404));
for (const status of [204, 205, 304]) {
  test(`${status} without content`, (Made) => assert.equal(new Made(null, { status }).body, null));
  for (const content of ['', 'a', new Uint8Array(1)]) {
    test(`no ${status} with content ${JSON.stringify(content)}`, (Made) => {
      assert.throws(() => new Made(content, { status }), TypeError);
    });
  }
}
for (const statusText of ['', 'OK', 'a b\tc', 'caf\u00e9']) {
  test(`statusText ${JSON.stringify(statusText)}`, (Made) => {
    assert.equal(new Made('', { statusText }).statusText, statusText);
  });
}
for (const statusText of ['\n', 'a\r\nb', '\0', '\u0100', '\x7f']) {
  test(`no statusText ${JSON.stringify(statusText)}`, (Made) => {
    assert.throws(() => new Made('', { statusText }), TypeError);
  });
}
test('a statusText that is a number', (Made) => assert.equal(new Made('', { statusText: wrong(1) }).statusText, '1'));
for (const init of [1, 'a', true]) {
  test(`no init ${String(init)}`, (Made) => assert.throws(() => new Made('', wrong(init)), TypeError));
}
for (const init of [undefined, null, {}, { status: undefined, headers: undefined, statusText: undefined }]) {
  test(`init ${JSON.stringify(init)}`, (Made) => assert.equal(new Made('', init as Init).status, 200));
}
test('an init that is a response', async (Made) => {
  const first = new Made('a', { status: 201, statusText: 'b', headers: { c: 'd' } });
  const second = new Made('e', first);
  assert.deepEqual([second.status, second.statusText, second.headers.get('c')], [201, 'b', 'd']);
  assert.equal(await second.text(), 'e');
  assert.equal(await first.text(), 'a');
});
test('an init that changes afterwards', (Made) => {
  const init = { status: 201, headers: { a: '1' } as Record<string, string> };
  const made = new Made('', init);
  init.status = 202;
  init.headers['a'] = '2';
  assert.deepEqual([made.status, made.headers.get('a')], [201, '1']);
});
test('headers that are shared are copied', (Made) => {
  const shared = new Headers({ a: '1' });
  const [one, two] = [new Made('', { headers: shared }), new Made('', { headers: shared })];
  one.headers.set('a', '2');
  shared.set('a', '3');
  assert.deepEqual([one.headers.get('a'), two.headers.get('a')], ['2', '1']);
});
test('pairs that change afterwards', (Made) => {
  const pair: [string, string] = ['a', '1'];
  const made = new Made('', { headers: [pair] });
  pair[1] = '2';
  assert.equal(made.headers.get('a'), '1');
});

// These cases are about the headers of the init.
const sources: ReadonlyArray<
  readonly [what: string, headers: unknown, entries: ReadonlyArray<readonly [string, string]>]
> = [
  [
    'an object',
    { b: '2', A: '1' },
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  ['an object whose names differ by case', { Vary: 'a', vary: 'b' }, [['vary', 'a, b']]],
  [
    'pairs',
    [
      ['a', '1'],
      ['b', '2'],
    ],
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  [
    'pairs of one name',
    [
      ['link', '1'],
      ['Link', '2'],
    ],
    [['link', '1, 2']],
  ],
  [
    'cookies',
    [
      ['set-cookie', '1'],
      ['Set-Cookie', '2'],
    ],
    [
      ['set-cookie', '1'],
      ['set-cookie', '2'],
    ],
  ],
  [
    'Headers',
    new Headers([
      ['a', '1'],
      ['a', '2'],
    ]),
    [['a', '1, 2']],
  ],
  ['a Map', new Map([['a', '1']]), [['a', '1']]],
  [
    'a generator',
    {
      *[Symbol.iterator]() {
        yield ['a', '1'];
      },
    },
    [['a', '1']],
  ],
  ['blanks and line ends around a value', { a: ' \t\r\n1 \n' }, [['a', '1']]],
  ['an empty value', { a: '' }, [['a', '']]],
  ['a value that is a number', { a: 1 }, [['a', '1']]],
  ['a value that is null', { a: null }, [['a', 'null']]],
  ['a value that is a list', { a: ['1', '2'] }, [['a', '1,2']]],
  ['latin1', { a: 'caf\u00e9' }, [['a', 'caf\u00e9']]],
  [
    'twenty names',
    Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`x-${10 + n}`, `${n}`])),
    Array.from({ length: 20 }, (_, n) => [`x-${10 + n}`, `${n}`] as const),
  ],
];
for (const [what, headers, entries] of sources) {
  test(`headers: ${what}`, (Made) => {
    assert.deepEqual([...new Made(null, { headers: wrong(headers) }).headers], entries);
  });
}
const badHeaders: ReadonlyArray<readonly [what: string, headers: unknown]> = [
  ['a name with a blank', { 'a b': '1' }],
  ['no name', { '': '1' }],
  ['a name with a colon', { 'a:': '1' }],
  ['a name that is no latin1', { '\u0100': '1' }],
  ['a value with NUL', { a: 'b\0' }],
  ['a value with a line end', { a: 'b\r\nc: d' }],
  ['a value that is no latin1', { a: '\u0100' }],
  ['a pair of one', [['a']]],
  ['a pair of three', [['a', 'b', 'c']]],
  ['text', 'a'],
  ['a number', 1],
  ['a symbol as a value', { a: Symbol('b') }],
];
for (const [what, headers] of badHeaders) {
  test(`no headers: ${what}`, (Made) => assert.throws(() => new Made('', { headers: wrong(headers) }), TypeError));
}

// These cases are about the type of the content.
const types: ReadonlyArray<readonly [what: string, make: () => unknown, type: RegExp | null]> = [
  ['text', () => 'a', /^text\/plain;charset=UTF-8$/],
  ['no text', () => '', /^text\/plain;charset=UTF-8$/],
  ['bytes', () => new Uint8Array(1), null],
  ['a buffer', () => new ArrayBuffer(1), null],
  ['a blob', () => new Blob(['a'], { type: 'a/b' }), /^a\/b$/],
  ['a blob without a type', () => new Blob(['a']), null],
  ['parameters', () => new URLSearchParams('a=b'), /^application\/x-www-form-urlencoded;charset=UTF-8$/],
  ['a form', () => new FormData(), /^multipart\/form-data; ?boundary=/],
  ['a stream', () => new Blob(['a']).stream(), null],
  ['nothing', () => null, null],
];
for (const [what, make, type] of types) {
  test(`the type of ${what}`, (Made) => {
    const found = new Made(wrong(make())).headers.get('content-type');
    if (type === null) assert.equal(found, null);
    else assert.match(found ?? '', type);
  });
  test(`a type that is given with ${what}`, (Made) => {
    assert.equal(new Made(wrong(make()), { headers: { 'Content-Type': 'x/y' } }).headers.get('content-type'), 'x/y');
  });
  test(`a type that is taken out, with ${what}, stays out`, async (Made) => {
    const made = new Made(wrong(make()));
    made.headers.delete('content-type');
    await made.clone().arrayBuffer();
    assert.equal(made.headers.has('content-type'), false);
  });
}

// These cases are about reading.
const bodies: ReadonlyArray<readonly [what: string, make: () => unknown, text: string]> = [
  ['text', () => '"\u00e4 \u2603"', '"\u00e4 \u2603"'],
  ['text with half a pair', () => '"\ud800"', '"\ufffd"'],
  ['bytes', () => new TextEncoder().encode('[1]'), '[1]'],
  ['bytes of a larger buffer', () => new Uint8Array(new TextEncoder().encode('x[1]x').buffer, 1, 3), '[1]'],
  ['a Buffer', () => Buffer.from('[1]'), '[1]'],
  ['a view', () => new DataView(new TextEncoder().encode('x[1]x').buffer, 1, 3), '[1]'],
  ['a buffer', () => new TextEncoder().encode('[1]').buffer, '[1]'],
  ['a blob', () => new Blob(['[1]']), '[1]'],
  ['a stream', () => new Blob(['[1]']).stream(), '[1]'],
  ['a number', () => 1, '1'],
  ['an object', () => ({ toString: () => '[1]' }), '[1]'],
];
for (const [what, make, text] of bodies) {
  test(`text() of ${what}`, async (Made) => {
    const made = new Made(wrong(make()));
    assert.equal(made.bodyUsed, false);
    const reading = made.text();
    assert.equal(made.bodyUsed, true);
    assert.equal(await reading, text);
    assert.equal(made.bodyUsed, true);
  });
  test(`json() of ${what}`, async (Made) => assert.deepEqual(await new Made(wrong(make())).json(), JSON.parse(text)));
  test(`arrayBuffer() of ${what}`, async (Made) => {
    const buffer = await new Made(wrong(make())).arrayBuffer();
    assert.ok(buffer instanceof ArrayBuffer);
    assert.equal(Buffer.from(buffer).toString(), text);
  });
  test(`blob() of ${what}`, async (Made) => {
    const blob = await new Made(wrong(make()), { headers: { 'content-type': 'a/B' } }).blob();
    assert.deepEqual([await blob.text(), blob.type], [text, 'a/b']);
  });
  test(`the body of ${what}`, async (Made) => {
    const made = new Made(wrong(make()));
    assert.ok(made.body instanceof ReadableStream);
    assert.equal(made.body, made.body);
    const pieces: Uint8Array[] = [];
    for await (const piece of made.body) pieces.push(piece);
    assert.equal(Buffer.concat(pieces).toString(), text);
    assert.equal(made.bodyUsed, true);
  });
  test(`${what} is read once`, async (Made) => {
    const made = new Made(wrong(make()));
    await made.text();
    for (const name of ['text', 'json', 'arrayBuffer', 'blob', 'formData'] as const) {
      await assert.rejects(made[name](), TypeError, name);
    }
  });
  test(`two reads of ${what} at once`, async (Made) => {
    const made = new Made(wrong(make()));
    const [one, two] = await Promise.allSettled([made.text(), made.text()]);
    assert.deepEqual([one.status, two.status], ['fulfilled', 'rejected']);
  });
  test(`a clone of ${what}`, async (Made) => {
    const made = new Made(wrong(make()), { status: 201, statusText: 'b', headers: { a: 'b' } });
    const clone = made.clone();
    assert.ok(clone instanceof Made);
    clone.headers.set('a', 'c');
    assert.deepEqual([clone.status, clone.statusText, made.headers.get('a')], [201, 'b', 'b']);
    assert.deepEqual(await Promise.all([made.text(), clone.text()]), [text, text]);
  });
  test(`no clone of ${what} that was read`, async (Made) => {
    const made = new Made(wrong(make()));
    const reading = made.text();
    assert.throws(() => made.clone(), TypeError);
    await reading;
    assert.throws(() => made.clone(), TypeError);
  });
  test(`${what} that is being read by its stream is used`, async (Made) => {
    const made = new Made(wrong(make()));
    const reader = made.body!.getReader();
    assert.equal(made.bodyUsed, false);
    await assert.rejects(made.text(), TypeError);
    assert.throws(() => made.clone(), TypeError);
    await reader.read();
    assert.equal(made.bodyUsed, true);
  });
  test(`${what} whose stream was cancelled is used`, async (Made) => {
    const made = new Made(wrong(make()));
    await made.body!.cancel();
    assert.equal(made.bodyUsed, true);
    await assert.rejects(made.text(), TypeError);
  });
}
test('a clone has what was done to the headers', (Made) => {
  const made = new Made('a', { headers: { a: '1' } });
  void made.body;
  made.headers.set('a', '2');
  made.headers.append('set-cookie', '1');
  made.headers.append('set-cookie', '2');
  assert.equal(made.clone().headers.get('a'), '2');
  assert.deepEqual(made.clone().headers.getSetCookie(), ['1', '2']);
});
test('bytes that change afterwards', async (Made) => {
  const bytes = new TextEncoder().encode('a');
  const made = new Made(bytes);
  bytes[0] = 98;
  assert.equal(await made.text(), 'a');
});
test('a byte order mark', async (Made) => {
  assert.equal(await new Made('\ufeffa').text(), 'a');
  assert.deepEqual(await new Made('\ufeff[1]').json(), [1]);
  assert.equal(await new Made('\ufeff\ufeffa').text(), '\ufeffa');
});
test('bytes that are no UTF-8', async (Made) => {
  assert.equal(await new Made(new Uint8Array([0x61, 0xff, 0xe2, 0x98])).text(), 'a\ufffd\ufffd');
});
for (const text of ['', '{', 'undefined', 'a']) {
  test(`json() of ${JSON.stringify(text)}`, (Made) => assert.rejects(new Made(text).json(), SyntaxError));
}
test('a form', async (Made) => {
  const form = await new Made(new URLSearchParams('a=b&c=')).formData();
  assert.deepEqual(
    [...form],
    [
      ['a', 'b'],
      ['c', ''],
    ],
  );
});
test('no form of text', (Made) => assert.rejects(new Made('a').formData(), TypeError));
test('without content it is read as often as one likes', async (Made) => {
  const made = new Made();
  assert.deepEqual([await made.text(), await made.text(), made.bodyUsed], ['', '', false]);
  assert.equal((await made.arrayBuffer()).byteLength, 0);
  assert.equal((await made.blob()).size, 0);
  await assert.rejects(made.json(), SyntaxError);
});
test('no content of a stream that is being read', (Made) => {
  const stream = new Blob(['a']).stream();
  stream.getReader();
  assert.throws(() => new Made(stream), TypeError);
});
test('a stream of what are no bytes fails', async (Made) => {
  const stream = new ReadableStream({ start: (controller) => (controller.enqueue('a'), controller.close()) });
  await assert.rejects(new Made(stream).text(), TypeError);
});

// These cases are about static members.
test('error()', (Made) => {
  const made = Made.error();
  assert.deepEqual([made.type, made.status, made.body], ['error', 0, null]);
  assert.ok(made instanceof Made);
  assert.throws(() => made.headers.append('a', 'b'), TypeError);
});
for (const status of [undefined, 301, 302, 303, 307, 308]) {
  test(`redirect(${status})`, (Made) => {
    const made = Made.redirect('http://a/b', wrong(status));
    assert.deepEqual([made.status, made.headers.get('location')], [status ?? 302, 'http://a/b']);
    assert.ok(made instanceof Made);
  });
}
for (const status of [200, 300, 304, 400]) {
  test(`no redirect(${status})`, (Made) => assert.throws(() => Made.redirect('http://a/', wrong(status)), RangeError));
}
test('no redirect to what is no URL', (Made) => assert.throws(() => Made.redirect('http://:x', 302), TypeError));
for (const [value, text] of [
  [{ a: 1 }, '{"a":1}'],
  [null, 'null'],
  ['a', '"a"'],
  [[], '[]'],
] as const) {
  test(`json(${text})`, async (Made) => {
    const made = Made.json(value);
    assert.deepEqual([made.status, made.headers.get('content-type')], [200, 'application/json']);
    assert.equal(await made.text(), text);
  });
}
for (const value of [undefined, Symbol('a'), () => undefined]) {
  test(`no json(${String(value)})`, (Made) => assert.throws(() => Made.json(value), TypeError));
}
test('json() with an init', async (Made) => {
  const made = Made.json([], { status: 201, statusText: 'b', headers: { 'X-A': 'c' } });
  assert.deepEqual([made.status, made.statusText], [201, 'b']);
  assert.deepEqual([made.headers.get('x-a'), made.headers.get('content-type')], ['c', 'application/json']);
});
test('json() with a status alone', (Made) => {
  const made = Made.json([], { status: 404 });
  assert.deepEqual([made.status, made.headers.get('content-type')], [404, 'application/json']);
});
test('json() with a type', (Made) => {
  assert.equal(Made.json([], { headers: { 'content-type': 'a/b' } }).headers.get('content-type'), 'a/b');
});
for (const status of [204, 205, 304]) {
  test(`no json() of ${status}`, (Made) => assert.throws(() => Made.json([], { status }), TypeError));
}
test('json() of a circle', (Made) => {
  const circle: unknown[] = [];
  circle.push(circle);
  assert.throws(() => Made.json(circle), TypeError);
});

export const responseCases: readonly ResponseCase[] = all;
