/** Tests files and forms, by the packages that need not be there. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { peer } from '../../../../src/http/message/peer.ts';
import { request, serve } from '../helpers.ts';

test('a file: whole, by HEAD, in ranges, conditionally; and none outside of the root', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'prefork-file-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'a.txt'), '0123456789');
  writeFileSync(join(root, '.secret'), 'secret');
  const { port, log, client } = await serve(t, { handler: (ctx) => ctx.file(ctx.path, { root, maxAge: 60_000 }) });
  const ask = async (path: string, init: RequestInit = {}): Promise<[number, string, Headers]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return [response.status, await response.text(), response.headers];
  };
  const [status, text, headers] = await ask('/a.txt');
  assert.deepEqual([status, text], [200, '0123456789']);
  assert.match(headers.get('content-type')!, /^text\/plain/);
  assert.equal(headers.get('cache-control'), 'public, max-age=60');
  assert.equal(headers.get('content-length'), '10');
  const head = await ask('/a.txt', { method: 'HEAD' });
  assert.deepEqual([head[0], head[1], head[2].get('content-length')], [200, '', '10']);
  const range = await ask('/a.txt', { headers: { range: 'bytes=2-4' } });
  assert.deepEqual([range[0], range[1], range[2].get('content-range')], [206, '234', 'bytes 2-4/10']);
  assert.equal((await ask('/a.txt', { headers: { range: 'bytes=20-' } }))[0], 416);
  // The request is not sent by fetch, which adds `Cache-Control: no-cache`.
  const sender = client();
  sender.send(request('GET /a.txt', { Connection: 'close', 'If-None-Match': headers.get('etag')! }));
  await sender.closed();
  assert.match(sender.text, /^HTTP\/1.1 304 [^]*\r\n\r\n$/);
  for (const path of ['/none', '/.secret', '/', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc/passwd', '/a%00.txt']) {
    assert.ok([400, 404].includes((await ask(path))[0]), path);
  }
  assert.deepEqual(log.errors, []);
});

test('a form of several parts, streamed and not, within its limits', async (t) => {
  for (const streamRequestBody of [false, true]) {
    const { port, log } = await serve(t, {
      streamRequestBody,
      async handler(ctx) {
        const files: string[] = [];
        const fields = await ctx.body.multipart(
          async ({ name, filename, content }) => {
            let size = 0;
            for await (const piece of content) size += (piece as Buffer).length;
            files.push(`${name} ${filename} ${size}`);
          },
          { fields: 2, fieldSize: 10 },
        );
        ctx.json({ fields: [...fields], files });
      },
    });
    const ask = async (parts: Record<string, string | File>, init: RequestInit = {}): Promise<[number, string]> => {
      const body = new FormData();
      for (const [name, value] of Object.entries(parts)) body.set(name, value);
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, ...init });
      return [response.status, await response.text()];
    };
    const file = new File(['x'.repeat(300_000)], 'x.bin');
    assert.deepEqual(await ask({ a: 'ä', file }), [200, '{"fields":[["a","ä"]],"files":["file x.bin 300000"]}']);
    assert.equal((await ask({ a: 'longer than ten' }))[0], 413);
    assert.equal((await ask({ a: '1', b: '2', c: '3' }))[0], 413);
    assert.equal((await ask({}, { body: 'plain' }))[0], 415);
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    assert.equal(
      (await ask({}, { body: '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nend', headers }))[0],
      400,
    );
    assert.deepEqual(log.errors, []);
  }
});

test('a package that is missing is named, with what to do', async () => {
  const missing = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' });
  await assert.rejects(
    peer('@fastify/send', 'file()', () => Promise.reject(missing)),
    { code: 'ERR_HTTP_PEER', message: 'file() needs the package @fastify/send: npm install @fastify/send' },
  );
});
