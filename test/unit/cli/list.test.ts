import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listJson, listText, type ListedServer } from '../../../src/cli/servers/list-text.ts';
import { figuresOf } from '../../../src/cli/servers/server-figures.ts';
import { survey } from '../../../src/cli/servers/survey.ts';
import type { RunningServer } from '../../../src/control/client.ts';
import { PreforkError } from '../../../src/errors.ts';
import { fakeStatus, fakeVitals, fakeWorker } from '../../support/fake-controls.ts';

const vitals = fakeVitals({ rss: 50 * 1_048_576 });

const figures = figuresOf(
  fakeStatus({
    pid: 4700,
    uptime: 86_400_000 * 3,
    addresses: ['[::]:8080', 'unix:/run/a.sock'],
    entry: '/home/ann/shop/server.js',
    workers: { wanted: 4, serving: 1 },
    operation: 'reload',
    slots: [
      {
        slot: 0,
        state: 'serving',
        worker: fakeWorker({ vitals }),
        successor: fakeWorker({ vitals }),
        crashes: 0,
        lastExit: null,
      },
    ],
    leaving: [fakeWorker({ vitals: null })],
  }),
);

const api: ListedServer = { server: { name: 'api', path: '/x' }, answer: figures };
const silent: ListedServer = {
  server: { name: 'web', path: '/y', owner: { uid: 1001, gid: 1001 } },
  reason: 'web does not answer: is it stopped, or stuck?',
};

test('a list is a table, with a column for the user where servers of others are in it', () => {
  assert.equal(
    listText([api], undefined, '/home/ann'),
    `\
name  pid state  workers  mem up address      directory
api  4700 reload     1/4 100M 3d [::]:8080 +1 ~/shop
`,
  );
  assert.equal(
    listText([api, silent], undefined, '/root'),
    `\
name user      pid state     workers  mem up address      directory
api  -        4700 reload        1/4 100M 3d [::]:8080 +1 /home/ann/shop
web  uid 1001    - no answer       -    -  - -            -

web does not answer: is it stopped, or stuck?
`,
  );
});

test('the memory is that of all workers, parked ones too, of which an older server does not tell', () => {
  const worker = fakeWorker({ vitals });
  const status = fakeStatus({ spares: [worker], leaving: [worker], parked: [worker] });
  const { parked: _parked, ...older } = status;
  assert.equal(figuresOf(status).memory - figuresOf(older as typeof status).memory, vitals.rss);
});

test('as JSON, a server has its figures or the reason why there are none', () => {
  assert.deepEqual(JSON.parse(listJson([api, silent])), {
    version: 1,
    servers: [
      {
        name: 'api',
        uid: null,
        pid: 4700,
        directory: '/home/ann/shop',
        addresses: ['[::]:8080', 'unix:/run/a.sock'],
        state: 'reload',
        generation: 1,
        workers: { wanted: 4, serving: 1 },
        memory: 100 * 1_048_576,
        uptime: 86_400_000 * 3,
        prefork: '0.1.0',
      },
      { name: 'web', uid: 1001, state: 'no answer', reason: silent.reason },
    ],
  });
});

test('what another process says is cut to a length', () => {
  const long = 'x'.repeat(1_000_000);
  const cut = figuresOf(fakeStatus({ entry: `/${long}/a.js`, addresses: Array(1000).fill(long), prefork: long }));
  assert.ok(JSON.stringify(cut).length < 6000, `${JSON.stringify(cut).length}`);
  const [title, row] = listText([{ server: api.server, answer: cut }]).split('\n');
  assert.ok(row!.length < 200 && title !== undefined);
});

test('an older server does not tell its program', () => {
  const { entry: _entry, ...older } = fakeStatus({ directory: '/srv/old' });
  assert.equal(figuresOf(older as ReturnType<typeof fakeStatus>).directory, '/srv/old');
});

function servers(count: number, uid: number | undefined): RunningServer[] {
  const owner = uid === undefined ? {} : { owner: { uid, gid: uid } };
  return Array.from({ length: count }, (_, at) => ({ name: `s${at}`, path: `/${uid}/${at}`, ...owner }));
}

test('a user whose servers are all silent holds up no other, and not for long', async () => {
  let now = 0;
  const asked: string[] = [];
  const all = [...servers(2, undefined), ...servers(256, 1001)];
  const results = await survey(
    all,
    async ({ name, owner }, within) => {
      if (owner === undefined) return name;
      asked.push(name);
      // All that are asked at the same time wait for the same time.
      await new Promise((resolve) => setImmediate(resolve));
      if (asked.length % 16 === 0) now += within;
      throw new PreforkError('ERR_NO_ANSWER', `${name} is silent`);
    },
    { now: () => now },
  );
  assert.equal(results.length, 258);
  assert.deepEqual(
    results.slice(0, 2).map(({ answer }) => answer),
    ['s0', 's1'],
  );
  assert.ok(asked.length <= 48, `asked ${asked.length}`);
  assert.equal(results.at(-1)!.reason, 's255 was not asked: the others of its user took too long');
});

test('of two sockets of one name the first counts that a server listens on', async () => {
  const [first, second, third] = ['/gone', '/here', '/worse'].map((path) => ({ name: 'api', path }));
  const results = await survey([first!, second!, third!], async ({ path }) => {
    if (path === '/gone') throw new PreforkError('ERR_NOT_RUNNING', 'gone');
    return path;
  });
  assert.deepEqual(
    results.map(({ answer }) => answer),
    ['/here'],
  );
});

test('an answer of another user’s server that breaks what reads it hides no other server', async () => {
  const [own, other] = [servers(1, undefined)[0]!, servers(1, 1001)[0]!];
  const results = await survey([own, other], async ({ owner }) =>
    figuresOf(owner === undefined ? fakeStatus() : ({ version: 1 } as ReturnType<typeof fakeStatus>)),
  );
  assert.deepEqual(
    results.map(({ reason }) => reason),
    [undefined, 's0 gave an answer that cannot be read'],
  );
});

test('a server that has ended since is not in the list, and a fault of prefork is one', async () => {
  const ended = survey(servers(2, undefined), async ({ name }) => {
    if (name === 's0') throw new PreforkError('ERR_NOT_RUNNING', 'gone');
    return name;
  });
  assert.deepEqual(
    (await ended).map(({ answer }) => answer),
    ['s1'],
  );
  await assert.rejects(
    survey(servers(1, undefined), async () => {
      throw new TypeError('a fault');
    }),
    TypeError,
  );
});
