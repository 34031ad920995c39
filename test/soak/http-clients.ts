/**
 * Tries the installed clients on one server of this package: curl, wget, ab, siege, python's http.client, Go's
 * net/http, and Chromium with a page of 50 assets and ranges.
 *
 *     node out/test/soak/http-clients.js
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server, type Context } from '../../src/http.ts';
import { Browser, noBrowser } from '../support/screens/browser.ts';
import { root } from '../support/paths.ts';

const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'prefork-clients-'));
const file = '0123456789'.repeat(10_000);
const assets = 50;
let connections = 0;

const page = `<!doctype html><title>page</title>${Array.from(
  { length: assets },
  (_, index) => `<img src="/asset/${index}.svg" alt="">`,
).join('')}<video src="/file" hidden></video>`;
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';

const routes: Readonly<Record<string, (ctx: Context, rest: string) => unknown>> = {
  hello: (ctx) => ctx.end('Hello'),
  echo: (ctx) => ctx.end(ctx.body.bytes),
  stream: (ctx) => ctx.stream(Array.from({ length: 1000 }, () => '0123456789')),
  status: (ctx, status) => ctx.status(Number(status)).end('not to be sent'),
  links: (ctx) => ctx.header('Link', ['<a>', '<b>']).end(),
  trailer: (ctx) => (ctx.trailer('X-Sum', 7), ctx.end('content')),
  redirect: (ctx) => ctx.redirect('/hello'),
  file: (ctx) => ctx.file('/file.txt', { root: directory }),
  page: (ctx) => ctx.type('text/html').end(page),
  asset: (ctx) => ctx.type('image/svg+xml').end(svg),
  'favicon.ico': (ctx) => ctx.status(204).end(),
};

writeFileSync(join(directory, 'file.txt'), file);
const server = new Server({
  handler(ctx) {
    const [, name = '', rest = ''] = ctx.path.split('/');
    const route = routes[name];
    return route === undefined ? ctx.status(404).end() : route(ctx, rest);
  },
});
server.on('connection', () => connections++);
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address() as AddressInfo;
const base = `http://127.0.0.1:${port}`;

async function out(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(program, args, { cwd: directory, timeout: 120_000, maxBuffer: 1e8 });
  return stdout === '' ? stderr : stdout;
}

type Check = () => Promise<string | void>;

/** The task of each client, and its output when it succeeds. */
const clients: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  curl: {
    version: async () => (await out('curl', '--version')).split(' ', 2).join(' '),
    'two requests on one connection': async () => {
      const told = await out('curl', '-s', '-w', ' %{num_connects}\n', `${base}/hello`, `${base}/hello`);
      assert.equal(told, 'Hello 1\nHello 0\n');
    },
    'HTTP/1.0': async () => assert.equal(await out('curl', '-s0', `${base}/stream`), '0123456789'.repeat(1000)),
    HEAD: async () => assert.match(await out('curl', '-sI', `${base}/hello`), /^content-length: 5\r$/im),
    'a redirection': async () => assert.equal(await out('curl', '-sL', `${base}/redirect`), 'Hello'),
    'a body of a known length, after 100 Continue': async () => {
      const told = await out('curl', '-s', '-H', 'Expect: 100-continue', '--data-binary', '@file.txt', `${base}/echo`);
      assert.equal(told, file);
    },
    'a body of chunks': async () => {
      const told = await out('curl', '-s', '-H', 'Transfer-Encoding: chunked', '-T', 'file.txt', `${base}/echo`);
      assert.equal(told, file);
    },
    ranges: async () => assert.equal(await out('curl', '-s', '-r', '10-19', `${base}/file`), '0123456789'),
    '204, 205 and 304, and a request after them': async () => {
      const urls = [204, 205, 304].map((status) => `${base}/status/${status}`);
      const told = await out('curl', '-s', '-w', '%{http_code} %{num_connects}\n', ...urls, `${base}/hello`);
      assert.equal(told, '204 1\n205 0\n304 0\nHello200 0\n');
    },
    '50 at once': async () => {
      const told = await out('curl', '-sZ', '--parallel-max', '50', `${base}/asset/[1-500].svg`);
      assert.equal(told, svg.repeat(500));
    },
  },
  wget: {
    version: async () => (await out('wget', '--version')).split(' ', 3).slice(0, 3).join(' '),
    'a file': async () => assert.equal(await out('wget', '-qO-', `${base}/file`), file),
    'the rest of a file': async () => {
      writeFileSync(join(directory, 'part'), file.slice(0, 60_000));
      await run('wget', ['-qc', '-O', 'part', `${base}/file`], { cwd: directory });
      assert.equal((await out('cat', 'part')).length, file.length);
    },
    'a body': async () => assert.equal(await out('wget', '-qO-', '--post-file=file.txt', `${base}/echo`), file),
    'a page with its assets, on few connections': async () => {
      const before = connections;
      await run('wget', ['-qpP', 'pages', `${base}/page`], { cwd: directory });
      const files = (await out('find', 'pages', '-name', '*.svg')).trim().split('\n').length;
      assert.equal(files, assets);
      return `${connections - before} connections`;
    },
  },
  ab: {
    version: async () => /Version [\d.]+/.exec(await out('ab', '-V'))![0],
    ...Object.fromEntries(
      [['-k'], []].map((keep) => [
        `20,000 requests of 50 clients${keep.length > 0 ? ', keep-alive' : ''}`,
        async () => {
          const told = await out('ab', '-q', ...keep, '-n', '20000', '-c', '50', `${base}/hello`);
          assert.match(told, /Complete requests: +20000\nFailed requests: +0\n/);
          if (keep.length > 0) assert.match(told, /Keep-Alive requests: +20000\n/);
        },
      ]),
    ),
    '2,000 bodies': async () => {
      const told = await out('ab', '-qk', '-n', '2000', '-c', '20', '-p', 'file.txt', `${base}/echo`);
      assert.match(told, /Complete requests: +2000\nFailed requests: +0\n/);
    },
  },
  siege: {
    version: async () => /SIEGE [\d.]+/.exec(await out('siege', '-V'))![0],
    '5,000 requests of 50 clients': async () => {
      const { stdout, stderr } = await run('siege', ['-b', '-c', '50', '-r', '100', `${base}/hello`], {
        cwd: directory,
        timeout: 120_000,
      });
      assert.match(stdout + stderr, /"?(?:Availability|availability)"?:\s+100\.00/);
      assert.match(stdout + stderr, /"?(?:Failed transactions|failed_transactions)"?:\s+0\b/);
    },
  },
  'python, http.client': {
    version: async () => out('python3', '--version').then((text) => text.trim()),
    all: async () =>
      `${(await out('python3', `${root}test/fixtures/clients/client.py`, String(port))).trim().split('\n').length} of 8`,
  },
  'Go, net/http': {
    version: async () => (await out('go', 'version')).split(' ')[2]!,
    all: async () => {
      const told = await run('go', ['run', `${root}test/fixtures/clients/client.go`, String(port)], {
        cwd: directory,
        timeout: 300_000,
      });
      return `${told.stdout.trim().split('\n').length} of 13`;
    },
  },
  Chromium: {
    version: async () =>
      noBrowser === false ? (await out('/usr/bin/chromium', '--version')).trim() : assert.fail(noBrowser),
    'a page of 50 assets, and again, on few connections': async () => {
      const before = connections;
      await using browser = await Browser.open(`${base}/page`);
      const isDone = `document.readyState === 'complete' && [...document.images].length === ${assets} && [...document.images].every((image) => image.naturalWidth === 1)`;
      await browser.shows(isDone);
      await browser.call('Page.reload', { ignoreCache: true });
      await browser.shows(isDone);
      const ranges = await browser.evaluate<Array<[number, string, string | null]>>(`Promise.all(
        ['bytes=0-9', 'bytes=99990-', 'bytes=-5', 'bytes=100000-'].map(async (range) => {
          const response = await fetch('/file', { headers: { range }, cache: 'no-store' });
          return [response.status, await response.text(), response.headers.get('content-range')];
        }))`);
      assert.deepEqual(ranges.slice(0, 3), [
        [206, '0123456789', 'bytes 0-9/100000'],
        [206, '0123456789', 'bytes 99990-99999/100000'],
        [206, '56789', 'bytes 99995-99999/100000'],
      ]);
      assert.deepEqual([ranges[3]![0], ranges[3]![2]], [416, 'bytes */100000']);
      const echoed = await browser.evaluate<number>(
        `fetch('/echo', { method: 'POST', body: new Blob(['x'.repeat(1000000)]) }).then((r) => r.text()).then((text) => text.length)`,
      );
      assert.equal(echoed, 1_000_000);
      const complaints = browser.complaints.filter((text) => !text.includes('416'));
      assert.deepEqual(complaints, []);
      return `${connections - before} connections`;
    },
  },
};

console.log('| client | checked | |\n| --- | --- | --- |');
let failures = 0;
for (const [name, checks] of Object.entries(clients)) {
  const [version, ...rest] = Object.entries(checks);
  let told: string;
  try {
    told = (await version![1]()) as string;
  } catch {
    console.log(`| ${name} | not installed | |`);
    continue;
  }
  for (const [what, check] of rest) {
    const result = await check().catch((error: Error) => (failures++, `FAILED: ${error.message.slice(0, 300)}`));
    console.log(`| ${name} (${told}) | ${what} | ${result ?? 'right'} |`);
  }
}
server.close();
server.closeAllConnections();
rmSync(directory, { recursive: true });
process.exitCode = failures === 0 ? 0 : 1;
