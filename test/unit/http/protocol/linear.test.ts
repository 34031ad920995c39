/** Tests that twice as much of anything that a client can send, or a handler give, is at most twice the work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadAhead } from '../../../../src/http/server/read-ahead.ts';
import { Body } from '../../../../src/http/message/body.ts';
import { hasMorePairs } from '../../../../src/http/message/pairs.ts';
import { parseCookies } from '../../../../src/http/message/cookies.ts';
import { Fields } from '../../../../src/http/protocol/fields.ts';
import { copyHeaders } from '../../../../src/http/message/header-list.ts';
import { Parser } from '../../../../src/http/protocol/parser.ts';
import { HEAD } from '../../../../src/http/protocol/parser-events.ts';
import { RequestHead } from '../../../../src/http/message/request-head.ts';
import { ResponseFields } from '../../../../src/http/message/response-fields.ts';
import { Work } from '../../../support/work.ts';
import { request, serve } from '../helpers.ts';
import { read } from './reading.ts';

const work = new Work((url) =>
  /\/src\/http\/|\/unit\/http\/protocol\/linear\.test|busboy|node:internal\/url/.test(url),
);

const LEAST = 250;
/**
 * The growth that is allowed. Linear work is at 2, less what is done once, give or take what a compiler does in the
 * middle. Quadratic work is near 4.
 */
const MOST = 2.5;

/** @param run works with so many. It has run once before it is counted, so that what is done once is done. */
async function growth(run: (count: number) => unknown): Promise<number> {
  await run(2 * LEAST);
  const once = await work.of(() => run(LEAST));
  return (await work.of(() => run(2 * LEAST))) / once;
}

const limits = { head: 10_000_000, fields: 100_000, extensions: 10_000_000 };
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, n) => text(1000 + n)).join('');

function parsed(text: string): RequestHead {
  const parser = new Parser(limits);
  const bytes = Buffer.from(text);
  assert.equal(parser.next(bytes, 0, bytes.length), HEAD);
  return new RequestHead(parser.head);
}

function fields(lines: string): Fields {
  return new Fields(parsed(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`).section);
}

const different = (count: number): string => times(count, (n) => `x-${n}: a\r\n`);
const same = (count: number): string => times(count, () => 'x: a\r\n');

function whole(text: string): void {
  assert.equal(read([Buffer.from(text)], new Parser(limits)).verdict, 'complete');
}

function bytewise(text: string): void {
  assert.equal(
    read(
      Array.from(Buffer.from(text), (byte) => Buffer.from([byte])),
      new Parser(limits),
    ).verdict,
    'complete',
  );
}

async function multipart(body: string): Promise<void> {
  const type = 'multipart/form-data; boundary=b';
  const whole = new Body(parsed(`POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\n\r\n`));
  whole.append(Buffer.from(body), 0, body.length, body.length);
  whole.complete();
  await whole.multipart(({ content }) => content.resume(), {
    fields: 1e6,
    files: 1e6,
  });
}

async function pipeline(count: number, isLate: boolean): Promise<void> {
  const ends: Array<() => void> = [];
  const t = { after: (end: () => void) => void ends.push(end) };
  const { client } = await serve(t as never, {
    async handler(ctx) {
      if (isLate) await new Promise(setImmediate);
      ctx.end();
    },
  });
  const sender = client();
  sender.send(times(count - 1, () => request('GET /')) + request('GET /', { Connection: 'close' }));
  await sender.closed();
  assert.equal(sender.text.match(/HTTP\/1\.1 200/g)?.length, count);
  for (const end of ends) end();
}

const subjects: Readonly<Record<string, (count: number) => unknown>> = {
  'fields of a head': (count) => whole(`GET / HTTP/1.1\r\nHost: a\r\n${different(count)}\r\n`),
  'fields of a head, byte by byte': (count) => bytewise(`GET / HTTP/1.1\r\nHost: a\r\n${different(count)}\r\n`),
  'get of each field': (count) => {
    const all = fields(different(count));
    for (const [name] of all) assert.equal(all.has(name) && all.get(name) !== null, true);
  },
  'get of as many that are not there': (count) => {
    const all = fields(different(count));
    for (let n = 0; n < count; n++) assert.equal(all.get(`y-${1000 + n}`), null);
  },
  'get of each of one name': (count) => {
    const all = fields(same(count));
    for (const [name] of all) all.get(name);
  },
  'toObject()': (count) => fields(different(count)).toObject(),
  'toObject() of one name': (count) => fields(same(count)).toObject(),
  'an entry of each field': (count) => Array.from(fields(different(count))),
  cookies: (count) => parseCookies(times(count, (n) => `c${n}=%20a; `)),
  'cookies of as many fields': (count) =>
    parseCookies(fields(times(count, (n) => `Cookie: c${n}=a\r\n`)).get('cookie')!),
  'blanks around cookies': (count) => parseCookies(times(count, () => '\t ; ')),
  parameters: (count) =>
    new URLSearchParams(parsed(`GET /?${times(count, (n) => `p${n}=%20a&`)} HTTP/1.1\r\nHost: a\r\n\r\n`).target.query),
  'the count of pairs': (count) => assert.equal(hasMorePairs('a&'.repeat(count), Infinity), false),
  'the count of empty pairs': (count) => assert.equal(hasMorePairs('&'.repeat(count), 0), false),
  chunks: (count) =>
    whole(`${request('POST /', { 'Transfer-Encoding': 'chunked' })}${times(count, () => '1;a=b\r\nx\r\n')}0\r\n\r\n`),
  'zeros of a chunk size': (count) =>
    whole(`${request('POST /', { 'Transfer-Encoding': 'chunked' })}${'0'.repeat(count)}1\r\nx\r\n0\r\n\r\n`),
  'trailers, byte by byte': (count) =>
    bytewise(`${request('POST /', { 'Transfer-Encoding': 'chunked' })}0\r\n${different(count)}\r\n`),
  'pieces of a body': async (count) => {
    const body = new Body(parsed(request('POST /')));
    for (let n = 0; n < count; n++) body.append(Buffer.from('ab'), 0, 2, -1);
    body.complete();
    assert.equal((await body.text()).length, 2 * count);
  },
  'pieces of a streamed body, as they come': async (count) => {
    const body = new Body(parsed(request('POST /')));
    const reading = body.buffer();
    for (let n = 0; n < count; n++) {
      body.append(Buffer.from('ab'), 0, 2, -1);
      await Promise.resolve();
    }
    body.complete();
    assert.equal((await reading).length, 2 * count);
  },
  'parts of a form': (count) =>
    multipart(
      `${times(count, (n) => `--b\r\nContent-Disposition: form-data; name="n${n}"\r\n\r\nvalue\r\n`)}--b--\r\n`,
    ),
  'files of a form': (count) =>
    multipart(
      `${times(count, (n) => `--b\r\nContent-Disposition: form-data; name="n"; filename="${n}"\r\n\r\nvalue\r\n`)}--b--\r\n`,
    ),
  'pieces that come too early': (count) => {
    const readAhead = new ReadAhead({
      isNative: true,
      start: () => undefined,
      resume: () => undefined,
      release: () => undefined,
    });
    for (let n = 0; n < count; n++) readAhead.add(Buffer.from('ab'), 0, 2);
    assert.equal(readAhead.take()!.length, 2 * count);
  },
  'pieces that come too early, while as many are read': (count) => {
    const readAhead = new ReadAhead({
      isNative: true,
      start: () => undefined,
      resume: () => undefined,
      release: () => undefined,
    });
    readAhead.add(Buffer.alloc(2 * count), 0, 2 * count);
    for (let n = 0; n < count; n++) {
      readAhead.replay({ read: (bytes, end) => readAhead.add(bytes, 1, end) });
      readAhead.add(Buffer.from('a'), 0, 1);
    }
    assert.equal(readAhead.take()!.length, 2 * count);
  },
  'requests of a pipeline': (count) => pipeline(count, false),
  'requests of a pipeline that are answered later': (count) => pipeline(count, true),
  'fields of a response': (count) => {
    const all = new ResponseFields();
    for (let n = 0; n < count; n++) all.add(n % 2 === 0 ? 'Link' : `x-${1000 + n}`, 'a');
    assert.ok(all.lines.length > 8 * count);
  },
  'headers of a fetch response': (count) => void copyHeaders(Object.fromEntries(fields(different(count)))),
  'repeated headers of a fetch response': (count) => void copyHeaders(Array.from({ length: count }, () => ['a', 'b'])),
};

for (const [what, run] of Object.entries(subjects)) {
  test(`${what}: linear`, async (t) => {
    const found = await growth(run);
    t.diagnostic(`twice as many: ${found.toFixed(2)} times the work`);
    assert.ok(found <= MOST, `twice as many are ${found} times the work`);
    assert.ok(found >= 1.2, `only ${found}: is anything counted?`);
  });
}

test('what is quadratic is seen', async () => {
  const inLoops = await growth((count) => {
    let looks = 0;
    for (let a = 0; a < count; a++) for (let b = 0; b < count; b++) looks += a ^ b;
    return looks;
  });
  const inCopies = await growth((count) => {
    let held = Buffer.alloc(0);
    for (let n = 0; n < count; n++) held = Buffer.concat([held, Buffer.from('a')]);
  });
  for (const found of [inLoops, inCopies]) assert.ok(found > 3, `${found}`);
});
