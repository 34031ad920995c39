import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, linkSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ControlServer, type ControlServerOptions } from '../../../src/control/server.ts';
import { FakeControls } from '../../support/fake-controls.ts';
import { closed, fetchOver, listenOn, Place } from './helpers.ts';

/** A socket directory, with all servers that a test opens there. */
class Servers implements AsyncDisposable {
  readonly place = new Place();
  readonly controls = new FakeControls();
  readonly #opened: ControlServer[] = [];

  async open(name: string, options: Partial<ControlServerOptions> = {}): Promise<ControlServer> {
    const { controls, place } = this;
    const server = await ControlServer.open({ controls, name, isNameGiven: true, directory: place.path, ...options });
    this.#opened.push(server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((server) => server.close()));
    const { names } = this.place;
    this.place[Symbol.dispose]();
    assert.deepEqual(names, [], 'nothing is left behind');
  }
}

/** Makes a promise that the test settles by hand. */
function held<Value>(): { promise: Promise<Value>; settle: (value: Value) => void } {
  let settle!: (value: Value) => void;
  const promise = new Promise<Value>((resolve) => (settle = resolve));
  return { promise, settle };
}

async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text;
}

async function dial(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

test('answers over a socket that only its owner can open, whatever the umask', async () => {
  const umask = process.umask(0);
  try {
    await using servers = new Servers();
    const server = await servers.open('api');
    assert.equal(server.path, servers.place.file('api.sock'));
    assert.equal(statSync(server.path).mode & 0o777, 0o600);
    assert.deepEqual(servers.place.names, ['api.sock']);
    const { status, headers, body } = await fetchOver(server.path, '/status');
    assert.equal(status, 200);
    assert.equal((JSON.parse(body) as { name: string }).name, 'fake');
    assert.equal(headers.connection, 'close');
    assert.equal(headers['cache-control'], 'no-store');
  } finally {
    process.umask(umask);
  }
});

test('curl can ask it', async (context) => {
  await using servers = new Servers();
  const { path } = await servers.open('api');
  const args = ['--silent', '--unix-socket', path, 'http://localhost/scale', '--data', '{"workers":4}'];
  const { stdout } = await promisify(execFile)('curl', args).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    context.skip('no curl here');
    return { stdout: '' };
  });
  if (stdout === '') return;
  assert.deepEqual(JSON.parse(stdout), { ok: true, generation: 2, workers: 4, took: 412 });
  assert.deepEqual(servers.controls.calls, ['scale {"workers":4}']);
});

test('HEAD has no body, and a length', async () => {
  await using servers = new Servers();
  const { path } = await servers.open('api');
  const { status, headers, body } = await fetchOver(path, '/healthz', { method: 'HEAD' });
  assert.deepEqual([status, headers['content-length'], body], [200, '3', '']);
});

test('the headers of a browser get to the rule', async () => {
  await using servers = new Servers();
  const { path } = await servers.open('api');
  for (const headers of [{ origin: 'https://a.example' }, { host: 'a.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    assert.equal((await fetchOver(path, '/reload', { method: 'POST', headers })).status, 403);
  }
  assert.deepEqual(servers.controls.calls, []);
});

test('a body of 64 KB is read, a longer one is answered all the same', async () => {
  await using servers = new Servers();
  const { path } = await servers.open('api');
  const longest = '{}'.padEnd(65_536);
  assert.equal((await fetchOver(path, '/reload', { method: 'POST', body: longest })).status, 200);
  for (const body of [`${longest} `, ' '.repeat(3_000_000)]) {
    const { status, body: text } = await fetchOver(path, '/reload', { method: 'POST', body });
    assert.deepEqual([status, JSON.parse(text)], [413, { ok: false, reason: 'the body is longer than 64 KB' }]);
  }
  assert.deepEqual(servers.controls.calls, ['reload']);
});

test('what is not HTTP is answered as such, and a head that is too long as well', async () => {
  await using servers = new Servers();
  const { path } = await servers.open('api');
  for (const [text, status] of [
    ['hello\r\n\r\n', 400],
    [`GET /status HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`, 431],
  ] as const) {
    const socket = await dial(path);
    socket.write(text);
    assert.match(await readToEnd(socket), new RegExp(`^HTTP/1.1 ${status} `));
  }
});

for (const [what, sent] of [
  ['nothing', ''],
  ['half a head', 'GET /status HTTP/1.1\r\nHost: loc'],
  ['half a body', 'POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{'],
] as const) {
  test(`a client that sends ${what} is cut off`, async () => {
    await using servers = new Servers();
    const { path } = await servers.open('api', { arrivalTimeout: 50 });
    const socket = await dial(path);
    socket.write(sent);
    assert.match(await readToEnd(socket), /^HTTP\/1.1 408 /);
    assert.deepEqual(servers.controls.calls, []);
  });
}

test('a request that has arrived is not cut off, however long its answer takes', async () => {
  await using servers = new Servers();
  const { path } = await servers.open('api', { arrivalTimeout: 20 });
  const first = held<void>();
  servers.controls.answers.reload = async () => {
    // The wait is longer than another request may take to arrive.
    await first.promise;
    return { ok: true, generation: 3, workers: 1, took: 1 };
  };
  const answer = fetchOver(path, '/reload', { method: 'POST' });
  const slow = await dial(path);
  assert.match(await readToEnd(slow), /^HTTP\/1.1 408 /);
  first.settle();
  assert.equal((await answer).status, 200);
});

test('a client may end its side before it is answered', async () => {
  await using servers = new Servers();
  const { path } = await servers.open('api');
  const socket = connect({ path, allowHalfOpen: true });
  socket.end('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.match(await readToEnd(socket), /^HTTP\/1.1 200 .*\r\n\r\nok\n$/s);
});

for (const requests of [1, 3]) {
  test(`of ${requests} requests on a connection, one is answered, and ends it`, async () => {
    await using servers = new Servers();
    const { path } = await servers.open('api');
    const socket = await dial(path);
    socket.write('POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'.repeat(requests));
    const text = await readToEnd(socket);
    assert.equal(text.match(/HTTP\/1.1 200/g)?.length, 1);
    assert.deepEqual(servers.controls.calls, ['reload']);
  });
}

test('a request may come in pieces', async () => {
  await using servers = new Servers();
  const { path } = await servers.open('api');
  const socket = await dial(path);
  const pieces = ['P', 'OST /scale HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r', '\n{"workers"', ':4', '}'];
  for (const piece of pieces) {
    socket.write(piece);
    // Each piece is read before the next one is written, because both ends are in this process.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.match(await readToEnd(socket), /^HTTP\/1.1 200 /);
  assert.deepEqual(servers.controls.calls, ['scale {"workers":4}']);
});

test('close: the answer in flight gets out, who has not asked is let go, nobody else comes in', async () => {
  await using servers = new Servers();
  const server = await servers.open('api');
  const [asked, outcome] = [held<void>(), held<void>()];
  servers.controls.answers.stop = async () => {
    asked.settle();
    await outcome.promise;
    return { ok: true, generation: 1, workers: 0, took: 9 };
  };
  const idle = await dial(server.path);
  const answer = fetchOver(server.path, '/stop', { method: 'POST' });
  await asked.promise;
  const closing = server.close();
  assert.equal(existsSync(server.path), false);
  await assert.rejects(dial(server.path), { code: 'ENOENT' });
  assert.equal(await readToEnd(idle), '');
  outcome.settle();
  assert.equal((await answer).status, 200);
  await closing;
  await server.close();
});

test('close: an answer that does not come is not waited for', async () => {
  await using servers = new Servers();
  const server = await servers.open('api', { closeTimeout: 50 });
  const asked = held<void>();
  servers.controls.answers.reload = () => {
    asked.settle();
    return new Promise(() => {});
  };
  const answer = fetchOver(server.path, '/reload', { method: 'POST' });
  await asked.promise;
  await Promise.all([server.close(), assert.rejects(answer, { code: 'ECONNRESET' })]);
});

test('a name that was given and is taken is an error that names the other’s pid', async () => {
  await using servers = new Servers();
  const first = await servers.open('api');
  await assert.rejects(servers.open('api'), {
    code: 'ERR_NAME_TAKEN',
    exitCode: 1,
    message: `another server (pid ${process.pid}, /srv/fake, 127.0.0.1:8080) runs under the name api: stop it, or choose another --name`,
  });
  assert.deepEqual(servers.place.names, ['api.sock']);
  assert.equal((await fetchOver(first.path, '/healthz')).status, 200);
});

test('one that does not say its pid is one all the same', async () => {
  await using servers = new Servers();
  const mute = await listenOn(servers.place.file('api.sock'));
  mute.on('connection', (socket) => socket.destroy());
  await assert.rejects(servers.open('api'), {
    code: 'ERR_NAME_TAKEN',
    message: /^another server runs under the name api/,
  });
  await closed(mute);
});

test('a default name gets a number, as soon as there is one that is free', async () => {
  await using servers = new Servers();
  const names = [];
  for (let index = 0; index < 3; index++) names.push((await servers.open('server', { isNameGiven: false })).name);
  assert.deepEqual(names, ['server', 'server-2', 'server-3']);
  assert.deepEqual(servers.place.names, ['server-2.sock', 'server-3.sock', 'server.sock']);
});

test('a name with its number is one that --name takes', async () => {
  await using servers = new Servers();
  const longest = 'n'.repeat(64);
  assert.equal((await servers.open(longest, { isNameGiven: false })).name, longest);
  assert.equal((await servers.open(longest, { isNameGiven: false })).name, `${longest.slice(2)}-2`);
});

test('a directory that was removed meanwhile does not keep a server from closing', async () => {
  using place = new Place();
  const directory = place.file('d');
  const server = await ControlServer.open({ controls: new FakeControls(), name: 'api', isNameGiven: true, directory });
  rmSync(directory, { recursive: true });
  server.remove();
  await server.close();
});

test('servers that start at the same time all get names, each its own', async () => {
  await using servers = new Servers();
  const opened = await Promise.all(Array.from({ length: 8 }, () => servers.open('server', { isNameGiven: false })));
  const expected = ['server', ...[2, 3, 4, 5, 6, 7, 8].map((number) => `server-${number}`)];
  assert.deepEqual(opened.map(({ name }) => name).toSorted(), expected);
  for (const { path } of opened) assert.equal((await fetchOver(path, '/healthz')).status, 200);
});

test('a default name whose socket is dead is used again', async () => {
  await using servers = new Servers();
  const dying = await listenOn(servers.place.file('x'));
  linkSync(servers.place.file('x'), servers.place.file('server.sock'));
  await closed(dying);
  assert.equal((await servers.open('server', { isNameGiven: false })).name, 'server');
});

test('an upgrade: the new server takes the name over, and the old one leaves it alone', async () => {
  await using servers = new Servers();
  const asked = held<void>();
  const outcome = held<void>();
  const oldControls = new FakeControls('old');
  oldControls.answers.upgrade = async () => {
    asked.settle();
    await outcome.promise;
    return { ok: true, generation: 2, workers: 1, took: 5 };
  };
  const old = await servers.open('api', { controls: oldControls });
  const upgrade = fetchOver(old.path, '/upgrade', { method: 'POST' });
  await asked.promise;
  const successor = await servers.open('api', { replace: true, controls: new FakeControls('new') });
  assert.equal(successor.path, old.path);
  const nameNow = async (): Promise<string> => {
    return (JSON.parse((await fetchOver(successor.path, '/status')).body) as { name: string }).name;
  };
  assert.equal(await nameNow(), 'new', 'it answers at once');
  outcome.settle();
  assert.equal((await upgrade).status, 200, 'who had asked the old one gets its answer');
  await old.close();
  old.remove();
  assert.equal(await nameNow(), 'new', 'and the file is still there');
  assert.equal(statSync(successor.path).mode & 0o777, 0o600);
});

test('an upgrade whose old server is gone already takes the name, too', async () => {
  await using servers = new Servers();
  const server = await servers.open('api', { replace: true });
  assert.equal((await fetchOver(server.path, '/healthz')).status, 200);
});

test('remove takes the file away at once, for a process that exits', async () => {
  await using servers = new Servers();
  const server = await servers.open('api');
  server.remove();
  server.remove();
  assert.deepEqual(servers.place.names, []);
});

test('nothing is left of a server that could not be opened', async () => {
  await using servers = new Servers();
  await assert.rejects(servers.open('n'.repeat(100)), { code: 'ERR_CONTROL_SOCKET', message: /shorter --name/ });
  chmodSync(servers.place.path, 0o755);
  await assert.rejects(servers.open('api'), { code: 'ERR_CONTROL_SOCKET', message: /open to other users/ });
});

test('node:http is loaded by the first request, and not before, nor by who only looks for servers', async () => {
  const script = `
    import { ControlServer } from ${JSON.stringify(new URL('../../../src/control/server.js', import.meta.url).href)};
    import { connect } from 'node:net';
    const isLoaded = () => process.moduleLoadList.includes('NativeModule _http_server');
    const directory = process.argv[1];
    const server = await ControlServer.open({ controls: {}, name: 'api', isNameGiven: true, directory });
    const say = async (text) => {
      const socket = connect(server.path).end(text).resume();
      await new Promise((resolve) => socket.once('close', resolve));
    };
    await say('');
    const before = isLoaded();
    await say('GET /healthz HTTP/1.0\\r\\n\\r\\n');
    await server.close();
    console.log(before, isLoaded());`;
  using place = new Place();
  const args = ['--input-type=module', '--eval', script, place.path];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  assert.equal(stdout, 'false true\n');
});
