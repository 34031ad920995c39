/** Tests forms that are no forms. There is a 400 for each, whatever is done with their files, and the process lives. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { Busboy } from '@fastify/busboy';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FilePart } from '../../../../src/http.ts';
import { Random } from '../../../support/random.ts';
import { request, resolvers, serve, type Client } from '../helpers.ts';

const type = { 'Content-Type': 'multipart/form-data; boundary=b' };
const head = (fields: string): string => `--b\r\nContent-Disposition: form-data; ${fields}\r\n\r\n`;
const file = head('name="f"; filename="x"');

const malformed: Readonly<Record<string, string>> = {
  'a file without its end': `${file}content`,
  'a large file without its end': file + 'x'.repeat(300_000),
  'a file of nothing, without its end': file,
  'a field without its end': `${head('name="a"')}value`,
  'a whole file, and one without its end': `${file}one\r\n${file}two`,
  'a head without its end': '--b\r\nContent-Disposition: form-data; name="f"; fil',
  'no boundary at all': 'anything',
  'the wrong boundary': `${file.replace('--b', '--c')}x\r\n--c--\r\n`,
  'nothing after the boundary': '--b',
};

const onFile: Readonly<Record<string, (part: FilePart) => unknown>> = {
  'ignores it': () => undefined,
  'reads it': readAll,
  'reads it, without awaiting': ({ content }) => void content.resume(),
  'pipes it': ({ content }) => pipeline(content, new Writable({ write: (_piece, _encoding, done) => done() })),
  'pipes it, without awaiting': ({ content }) =>
    void content.pipe(new Writable({ write: (_piece, _encoding, done) => done() })),
  'destroys it': ({ content }) => void content.destroy(),
  'destroys it with an error': ({ content }) => void content.destroy(new Error('not wanted')),
  'waits for its end': ({ content }) => once(content.resume(), 'end'),
  'never settles': () => new Promise(() => undefined),
};

async function readAll({ content }: FilePart): Promise<void> {
  for await (const piece of content) assert.ok(piece);
}

for (const streamRequestBody of [false, true]) {
  for (const [does, handle] of Object.entries(onFile)) {
    test(`malformed forms are 400 when onFile ${does}${streamRequestBody ? ', streamed' : ''}`, async (t) => {
      const { client, log } = await serve(t, {
        streamRequestBody,
        handler: async (ctx) => ctx.json([...(await ctx.body.multipart(handle))]),
      });
      for (const [what, body] of Object.entries(malformed)) {
        // A file that is neither read nor left cannot be known to be malformed, so there is a 503 after handlerTimeout.
        if (does === 'never settles' && body.length > 200_000) continue;
        const sender = client();
        sender.send(request('POST /', { ...type, Connection: 'close' }, body));
        await sender.closed();
        assert.match(sender.text, /^HTTP\/1.1 400 /, what);
      }
      assert.deepEqual(log.errors, []);
    });
  }

  test(`what onFile throws is what the handler gets${streamRequestBody ? ', streamed' : ''}`, async (t) => {
    const fails = (): never => {
      throw new Error('of onFile');
    };
    const { client } = await serve(t, {
      streamRequestBody,
      handler: async (ctx) => ctx.json(await ctx.body.multipart(fails).catch((error: Error) => error.message)),
    });
    const sender = client();
    sender.send(request('POST /', { ...type, Connection: 'close' }, `${file}x\r\n--b--\r\n`));
    await sender.closed();
    assert.match(sender.text, /of onFile"$/);
  });
}

for (const does of ['ignores it', 'destroys it', 'destroys it with an error', 'reads it']) {
  test(`a form is read to its end when onFile ${does}`, async (t) => {
    const { client } = await serve(t, {
      streamRequestBody: true,
      handler: async (ctx) => ctx.json([...(await ctx.body.multipart(onFile[does]!))]),
    });
    const body = `${file}${'x'.repeat(300_000)}\r\n${file}${'y'.repeat(300_000)}\r\n${head('name="a"')}1\r\n--b--\r\n`;
    const sender = client();
    sender.send(request('POST /', type, body));
    await sender.received(/\[\["a","1"\]\]$/);
  });
}

test('mutated forms are answered, each of them, and what comes after them', async (t) => {
  const random = new Random(15);
  const handlers = Object.entries(onFile).filter(([does]) => does !== 'never settles');
  const { client, log } = await serve(t, {
    streamRequestBody: true,
    handler: async (ctx) => ctx.json([...(await ctx.body.multipart(random.pick(handlers)[1]))]),
  });
  const whole = `${head('name="a"')}1\r\n${file}some content\r\n${head('name="c"; filename="y"')}more\r\n--b--\r\n`;
  for (let round = 0; round < 300; round++) {
    const at = random.between(0, whole.length - 1);
    const to = at + random.between(0, 12);
    const body = random.pick([
      whole.slice(0, at),
      whole.slice(0, at) + whole.slice(to),
      whole.slice(0, to) + whole.slice(at),
    ]);
    if (body === '') continue;
    const sender = client();
    sender.send(request('POST /', { ...type, Connection: 'close' }, body));
    await sender.closed();
    assert.match(sender.text, /^HTTP\/1.1 (?:200|400) /, JSON.stringify(body));
  }
  await nextTurn();
  assert.deepEqual(log.errors, []);
});

test('of a form that is refused at its limit no more than a piece is parsed', async (t) => {
  const { write } = Busboy.prototype;
  let parsed = 0;
  Busboy.prototype.write = function (this: object, piece: Buffer) {
    parsed += piece.length;
    return Reflect.apply(write, this, [piece]);
  } as typeof write;
  t.after(() => void (Busboy.prototype.write = write));
  const { client } = await serve(t, {
    maxRequestBodySize: 4_000_000,
    handler: async (ctx) => ctx.json([...(await ctx.body.multipart(() => undefined))]),
  });
  const sender = client();
  sender.send(request('POST /', { ...type, Connection: 'close' }, '--b\r\n\r\n'.repeat(100_000)));
  await sender.closed();
  assert.match(sender.text, /^HTTP\/1.1 413 /);
  assert.ok(parsed > 0 && parsed <= 32_768, `${parsed} bytes`);
});

test('the fields of a form count for maxBodyMemory as long as its request', async (t) => {
  const most = 1024 * 1024;
  const fields = (sizes: readonly number[], rest: string): string =>
    sizes.map((size, at) => `${head(`name="${at}"`)}${'x'.repeat(size)}\r\n`).join('') + rest;
  const sixty = Array.from({ length: 12 }, () => 60_000);

  for (const streamRequestBody of [false, true]) {
    const gathered = resolvers<void>();
    const answer = resolvers<void>();
    const { client } = await serve(t, {
      streamRequestBody,
      maxBodyMemory: most,
      maxRequestBodySize: 8 * most,
      async handler(ctx) {
        if (ctx.path === '/whole') return ctx.end(`${(await ctx.body.buffer()).length} bytes`);
        const { size } = await ctx.body.multipart(readAll);
        gathered.resolve();
        await answer.promise;
        ctx.end(`${size} fields`);
      },
    });
    const holder = client();
    holder.send(request('POST /', type, fields(sixty, '--b--\r\n')));
    await gathered.promise;
    const whole = (size: number): Client => {
      const sender = client();
      sender.send(request('POST /whole', {}, 'x'.repeat(size)));
      return sender;
    };
    // As much as those leave is for others, apart from the last piece of the form, which may be a read of 64 KiB.
    await whole(most - 12 * 60_000 - 100_000).received(/bytes$/);
    const refused = whole(most - 12 * 60_000 + 1);
    await refused.closed();
    assert.match(refused.text, /^HTTP\/1.1 503 /);
    answer.resolve();
    await holder.received(/12 fields$/);
    await whole(most).received(/bytes$/);
  }
});

test('of a streamed form its fields count for maxBodyMemory, also before their end, and what is skipped or a file does not', async (t) => {
  const most = 256 * 1024;
  const { client } = await serve(t, {
    streamRequestBody: true,
    maxBodyMemory: most,
    maxRequestBodySize: 32 * most,
    async handler(ctx) {
      if (ctx.path === '/whole') return ctx.end(`${(await ctx.body.buffer()).length} bytes`);
      const { size } = await ctx.body.multipart(readAll, { fieldSize: most / 2 });
      ctx.end(`${size} fields`);
    },
  });
  const field = (size: number): string => `${head('name="a"')}${'x'.repeat(size)}\r\n`;
  const euros = (size: number): string => `${head('name="a"')}${'€'.repeat(size / 3)}\r\n`;
  const long = 'x'.repeat(8 * most);
  const forms: ReadonlyArray<readonly [what: string, body: string, answer: RegExp]> = [
    ['fields', `${field(most / 2).repeat(3)}--b--\r\n`, / 503 /],
    ['fields of three bytes a character', `${euros(most / 2 - 2).repeat(3)}--b--\r\n`, / 503 /],
    ['a field and one that goes on', `${field(most / 2)}${field(most / 2).trimEnd()}`, / 503 /],
    [
      'files, and fields between them',
      `${field(9)}${file}${long}\r\n${field(9)}${file}${long}\r\n--b--\r\n`,
      /\n1 fields$/,
    ],
    ['what stands before the form', `x${'x\r\n'.repeat(most)}${field(9)}--b--\r\n`, /\n1 fields$/],
  ];
  for (const [what, body, answer] of forms) {
    const sender = client();
    sender.send(request('POST /', { ...type, 'Content-Length': String(Buffer.byteLength(body)) }, body));
    await Promise.race([sender.closed(), sender.received(/ fields$/)]);
    assert.match(sender.text, answer, what);
  }
  const whole = client();
  whole.send(request('POST /whole', {}, 'x'.repeat(most)));
  await whole.received(new RegExp(`${most} bytes$`));
});
