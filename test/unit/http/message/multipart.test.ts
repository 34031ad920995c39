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
import { request, serve } from '../helpers.ts';

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
