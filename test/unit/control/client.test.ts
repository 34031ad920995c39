import assert from 'node:assert/strict';
import fs, { chmodSync, chownSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import {
  findServer,
  isRunning,
  operate,
  particulars,
  readStatus,
  runningServers,
  type RunningServer,
} from '../../../src/control/client.ts';
import { fakeStatus } from '../../support/fake-controls.ts';
import { closed, listenOn, Place } from './helpers.ts';

type Listener = NonNullable<Parameters<typeof createServer>[1]>;

/** Starts an HTTP server that answers as it is told. */
async function answering(place: Place, name: string, listener: Listener): Promise<RunningServer & AsyncDisposable> {
  const server: Server = createServer({}, listener);
  const path = place.file(`${name}.sock`);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    name,
    path,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await closed(server);
    },
  };
}

test('live servers are found, whatever else lies there', async () => {
  using place = new Place();
  await using _api = await listenOn(place.file('api.sock'));
  await using _web = await listenOn(place.file('web-2.sock'));
  await using _other = await listenOn(place.file('.1-2.tmp'));
  const dying = await listenOn(place.file('x'));
  linkSync(place.file('x'), place.file('dead.sock'));
  await closed(dying);
  writeFileSync(place.file('file.sock'), '');
  const found = await runningServers([place.path]);
  assert.deepEqual(found, [
    { name: 'api', path: place.file('api.sock') },
    { name: 'web-2', path: place.file('web-2.sock') },
  ]);
  assert.equal(await isRunning({ name: 'dead', path: place.file('dead.sock') }), false);
  assert.equal(await isRunning(found[0]!), true);
});

test('a status whose pid is none is not believed', async () => {
  using place = new Place();
  for (const pid of ['4711', '../self', 0, -1, 1.5, 1e300, null]) {
    await using server = await answering(place, 'api', (_, response) => response.end(JSON.stringify({ pid })));
    await assert.rejects(readStatus(server), {
      code: 'ERR_NO_ANSWER',
      message: 'api gave an answer that is not a status',
    });
  }
});

test('an answer that is costly to read is not parsed, and one of another user may be less long', async () => {
  using place = new Place();
  const keys = Array.from({ length: 3000 }, (_, nth) => [`a${nth}`, 1]);
  const deep = `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`;
  const long = { pid: 1, text: 'x'.repeat(2_000_000) };
  const answers = [
    Object.fromEntries(keys),
    Array.from({ length: 50_000 }, () => 1),
    JSON.parse(deep) as unknown,
    long,
  ];
  await using server = await answering(place, 'api', (_, response) => response.end(JSON.stringify(answers.shift())));
  for (const what of ['keys', 'values', 'levels']) {
    const message = `api gave an answer to /status that has too many ${what}`;
    await assert.rejects(readStatus(server), { code: 'ERR_NO_ANSWER', message });
  }
  assert.equal((await readStatus(server)).pid, 1);
  if (process.geteuid?.() !== 0) return;
  answers.push(long);
  const owner = { uid: 0, gid: 0 };
  await assert.rejects(readStatus({ ...server, owner }), { code: 'ERR_NO_ANSWER', message: /its answer does not end/ });
});

test(
  'of answers of others that come at once each is parsed in a turn of its own',
  { skip: process.geteuid?.() !== 0 },
  async () => {
    using place = new Place();
    const waiting: Array<() => void> = [];
    await using server = await answering(place, 'api', (_, response) => {
      waiting.push(() => response.end('{"pid":1}'));
      if (waiting.length === 10) for (const answer of waiting) answer();
    });
    let turn = 0;
    let isOver = false;
    const count = (): void => {
      turn++;
      if (!isOver) setImmediate(count);
    };
    count();
    const owner = { uid: 0, gid: 0 };
    const turns = await Promise.all(
      Array.from({ length: 10 }, () => readStatus({ ...server, owner }).then(() => turn)),
    );
    isOver = true;
    assert.equal(new Set(turns).size, 10, turns.join());
  },
);

test(
  'the list of mounts is read as often for many servers of others as for one',
  { skip: process.geteuid?.() !== 0 },
  async (t) => {
    using place = new Place();
    const before = process.env['PREFORK_RUNTIME_DIR'];
    t.after(() => {
      if (before === undefined) delete process.env['PREFORK_RUNTIME_DIR'];
      else process.env['PREFORK_RUNTIME_DIR'] = before;
    });
    process.env['PREFORK_RUNTIME_DIR'] = place.path;
    const reads = t.mock.method(fs, 'readFileSync');
    syncBuiltinESMExports();
    t.after(syncBuiltinESMExports);
    const servers: AsyncDisposable[] = [];
    t.after(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));
    const looks: number[] = [];
    for (let uid = 12_345; uid < 12_348; uid++) {
      const directory = place.file(`prefork-${uid}`);
      mkdirSync(directory, 0o700);
      servers.push(await listenOn(`${directory}/api.sock`));
      chownSync(`${directory}/api.sock`, uid, uid);
      chownSync(directory, uid, uid);
      // What is found out once is found out with the first.
      if (looks.length === 0) await runningServers();
      reads.mock.resetCalls();
      assert.equal((await runningServers()).length, looks.length + 1);
      looks.push(reads.mock.calls.filter(({ arguments: [path] }) => path === '/proc/self/mountinfo').length);
    }
    assert.deepEqual(
      looks,
      Array.from(looks, () => looks[0]),
    );
  },
);

test('several directories are looked into, the first has precedence', async () => {
  using first = new Place();
  using second = new Place();
  await using _a = await listenOn(first.file('api.sock'));
  await using _b = await listenOn(second.file('api.sock'));
  await using _c = await listenOn(second.file('cron.sock'));
  const found = await runningServers([first.path, second.path, second.file('none')]);
  assert.deepEqual(
    found.map(({ path }) => path),
    [first.file('api.sock'), second.file('cron.sock')],
  );
});

test('a directory that is not to be trusted is an error where nothing else is found', async () => {
  using bad = new Place();
  using good = new Place();
  chmodSync(bad.path, 0o777);
  await using _bad = await listenOn(bad.file('bad.sock'));
  await assert.rejects(runningServers([bad.path, good.path]), { code: 'ERR_CONTROL_SOCKET' });
  await using _good = await listenOn(good.file('good.sock'));
  assert.deepEqual(await runningServers([bad.path, good.path]), [{ name: 'good', path: good.file('good.sock') }]);
});

test('which server is meant', async () => {
  using place = new Place();
  const find = (name?: string): Promise<RunningServer> => findServer(name, [place.path]);
  const notRunning = (message: string): object => ({ code: 'ERR_NOT_RUNNING', exitCode: 3, message });
  await assert.rejects(find(), notRunning('no server of this user is running'));
  await assert.rejects(find('api'), notRunning('no server named api is running'));
  await using _api = await listenOn(place.file('api.sock'));
  assert.equal((await find()).name, 'api');
  assert.equal((await find('api')).name, 'api');
  await assert.rejects(find('web'), notRunning('no server named web is running; there is api'));
  await using _cron = await listenOn(place.file('cron.sock'));
  await assert.rejects(find('web'), notRunning('no server named web is running; there is api, cron'));
  await assert.rejects(find(), {
    code: 'ERR_PREFORK_USAGE',
    exitCode: 2,
    message: 'several servers run: choose one by --name: api, cron',
  });
  assert.equal((await find('cron')).name, 'cron');
});

test('an operation is a POST with a JSON body, and its outcome is passed on, good or bad', async () => {
  using place = new Place();
  const seen: string[] = [];
  await using server = await answering(place, 'api', (request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => seen.push(`${request.method} ${request.url} ${text}`));
    request.once('end', () => response.writeHead(409).end('{"ok":false,"reason":"no"}'));
  });
  assert.deepEqual(await operate(server, '/scale', { by: -1 }), { ok: false, reason: 'no' });
  assert.deepEqual(seen, ['POST /scale {"by":-1}']);
});

test('a server is told from others by its pid, its directory and its addresses', async () => {
  using place = new Place();
  const text = JSON.stringify(fakeStatus({ pid: 4711, addresses: ['[::]:80', 'unix:/a'] }));
  await using server = await answering(place, 'api', (_, response) => response.end(text));
  assert.equal((await readStatus(server)).pid, 4711);
  assert.equal(await particulars(server), 'pid 4711, /srv/fake, [::]:80, unix:/a');
  assert.equal(await particulars({ name: 'gone', path: place.file('gone.sock') }), '');
  await using web = await answering(place, 'web', (_, response) => response.end(text));
  await assert.rejects(findServer(undefined, [place.path]), {
    message: ['api', 'web']
      .map((name) => `${name} (pid 4711, /srv/fake, [::]:80, unix:/a)`)
      .join(', ')
      .replace(/^/, 'several servers run: choose one by --name: '),
  });
  assert.equal(web.name, 'web');
});

test('of many servers, and of one that says much, a part is told', async (t) => {
  using place = new Place();
  let asked = 0;
  const text = JSON.stringify(fakeStatus({ pid: 4711, directory: `/${'x'.repeat(100_000)}` }));
  for (let nth = 0; nth < 40; nth++) {
    const server = await answering(place, `api-${nth}`, (_, response) => void (asked++, response.end(text)));
    t.after(() => server[Symbol.asyncDispose]());
  }
  await assert.rejects(findServer(undefined, [place.path]), ({ message }: Error) => {
    assert.equal(message.match(/api-\d+/g)?.length, 40);
    assert.ok(message.length < 20_000, `${message.length} characters`);
    return true;
  });
  assert.equal(asked, 16);
});

/** The ways in which a server fails to answer, and what is said about each. */
const silences: ReadonlyArray<[what: string, listener: Listener, says: RegExp]> = [
  ['that ends', (request) => request.socket.destroy(), /^api ended before it answered$/],
  [
    'that ends in the middle of its answer',
    (request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{', () => request.socket.destroy());
    },
    /^api ended before it answered$/,
  ],
  ['that is stuck', () => {}, /^api does not answer: is it stopped, or stuck\?$/],
  ['that says nothing', (_, response) => response.end(), /^api gave an answer to \/status that is not JSON$/],
  ['that is none of ours', (_, response) => response.end('<html>'), /not JSON/],
  ['that has a fault', (_, response) => response.end('{"ok":false,"reason":"a fault"}'), /^api cannot tell.*a fault$/],
  [
    'that speaks something else',
    (request) => request.socket.end('220 smtp\r\n'),
    /^api could not be asked: it does not speak HTTP/,
  ],
];
for (const [what, listener, says] of silences) {
  test(`a server ${what} is a clear error`, async () => {
    using place = new Place();
    await using server = await answering(place, 'api', listener);
    await assert.rejects(readStatus(server, 200), { code: 'ERR_NO_ANSWER', exitCode: 1, message: says });
  });
}

test('an answer that is no outcome is an error', async () => {
  using place = new Place();
  await using server = await answering(place, 'api', (_, response) => response.end('{"done":true}'));
  await assert.rejects(operate(server, '/reload', {}), {
    code: 'ERR_NO_ANSWER',
    message: /answer to \/reload that is not an outcome/,
  });
});

test('a server that went between being found and being asked does not run', async () => {
  using place = new Place();
  const gone = { name: 'api', path: place.file('api.sock') };
  await assert.rejects(operate(gone, '/reload', {}), { code: 'ERR_NOT_RUNNING', exitCode: 3 });
});

test('a reason of a server is one short line', async () => {
  using place = new Place();
  const reason = `a\nb${'x'.repeat(1_000_000)}`;
  await using server = await answering(place, 'api', (_, response) =>
    response.end(JSON.stringify({ ok: false, reason })),
  );
  await assert.rejects(readStatus(server), ({ message }: Error) => {
    assert.match(message, /^api cannot tell its status: a\\u000abx+$/);
    return message.length < 300;
  });
});

test('a server that has others asked again and again has the time of one answer for all', async () => {
  using place = new Place();
  const again = JSON.stringify({ ok: false, reason: 'upgraded', again: true });
  await using server = await answering(place, 'api', (_, response) => void setTimeout(() => response.end(again), 150));
  await assert.rejects(operate(server, '/reload', {}, 400), { code: 'ERR_NO_ANSWER' });
});
