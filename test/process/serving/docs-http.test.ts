/** Runs the examples of docs/http.md as they are written, except for the port, and does to them what hostile clients do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { testDirectory } from '../../support/abandoned.ts';
import { startApp } from '../../support/app.ts';
import { attack } from '../../support/hostile.ts';
import { ask, get } from '../../support/http.ts';
import { root } from '../../support/paths.ts';
import { freePort } from '../../support/platform.ts';
import { poll } from '../../support/watched.ts';

const uploads = testDirectory('uploads');
after(() => rmSync(uploads, { recursive: true }));

/** The checks in the order of the page. */
const checks: ReadonlyArray<(port: number) => Promise<void>> = [
  async (port) => {
    assert.equal(await ask(at(port), '/?name=you'), 'Hello you');
    assert.equal(await ask(at(port)), 'Hello world');
  },
  async (port) => assert.match(await ask(at(port)), /^Hello (?:::ffff:)?127\.0\.0\.1$/),
  async (port) => {
    assert.equal((await get(at(port))).status, 405);
    const form = new FormData();
    form.set('name', 'value');
    form.set('file', new File(['x'.repeat(100_000)], 'x.txt'));
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: form });
    assert.deepEqual(await response.json(), { fields: { name: 'value' }, files: 1 });
    await poll(() => filesIn(uploads) === 0 || undefined, 'the files to be removed');
    const open = [await beginUpload(port), await beginUpload(port)];
    await poll(() => filesIn(uploads) === 2 || undefined, 'each of two uploads to have a file of its own');
    for (const socket of open) socket.destroy();
    await poll(() => filesIn(uploads) === 0 || undefined, 'the files of clients that have left to be removed');
  },
  async (port) => {
    const headers = { 'x-forwarded-for': '192.0.2.66, 192.0.2.7, 10.1.2.3' };
    const proxied = await get(at(port), { headers });
    assert.equal(proxied.body, 'Hello 192.0.2.7');
  },
  async (port) => {
    assert.equal(await ask(at(port), '/page.html'), '<p>');
    assert.equal(await echo(port, 'hi'), 'echo hi');
  },
];

const page = readFileSync(`${root}docs/http.md`, 'utf8');
const programs = [...page.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, program]) => program!);

test('each example of docs/http.md is checked here', () => assert.equal(programs.length, checks.length));

for (const [index, program] of programs.entries()) {
  test(`example ${index + 1} of docs/http.md`, async () => {
    const port = await freePort();
    assert.match(program, /\b8080\b/);
    await using app = await startApp({
      entry: './server.mjs',
      command: false,
      env: { PREFORK_WORKERS: '2', ...(program.includes('tmpdir()') && { TMPDIR: uploads }) },
      files: { 'server.mjs': program.replaceAll('8080', String(port)), 'public/page.html': '<p>' },
      links: { node_modules: `${root}node_modules`, 'package.json': `${root}package.json`, dist: `${root}dist` },
    });
    // Programs of a few lines do not announce when they listen.
    await poll(
      () =>
        get(at(port)).then(
          () => true,
          () => undefined,
        ),
      'the example to listen',
    );
    await checks[index]!(port);
    const before = new Set(app.processes);
    await attack(port);
    await checks[index]!(port);
    assert.deepEqual(new Set(app.processes), before, 'a client has ended a process');
    app.signal('SIGTERM');
    await app.exit();
  });
}

function at(port: number): { host: string; port: number } {
  return { host: '127.0.0.1', port };
}

/** Returns the answer of a new WebSocket. */
function echo(port: number, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    socket.once('open', () => socket.send(message));
    socket.once('message', (data: Buffer) => {
      resolve(data.toString());
      socket.close();
    });
    socket.once('error', reject);
  });
}

/** Sends a form up to the middle of its file. */
async function beginUpload(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  const part = '--a\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + 'x'.repeat(100_000);
  const fields = 'Host: a\r\nContent-Type: multipart/form-data; boundary=a\r\nContent-Length: 1000000\r\n';
  socket.write(`POST / HTTP/1.1\r\n${fields}\r\n${part}`);
  await once(socket, 'connect');
  return socket;
}

function filesIn(directory: string): number {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.isFile() === true).length;
}
