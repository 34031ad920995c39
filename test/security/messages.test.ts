/** Tests random messages of a worker to the primary, of every kind that there is, with every handle that Node sends. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { conforms } from '../../src/control/status/conforms.ts';
import { statusSchema } from '../../src/control/status/status-schema.ts';
import { serve, type App } from '../support/app.ts';
import { get } from '../support/http.ts';

const COUNT = Number(process.env['FUZZ_MESSAGES'] ?? 3000);

/** Says something. The worker may be killed for it, and another one comes. */
async function say(app: App, number: number): Promise<void> {
  await get(app.target, { path: `/${number}`, timeout: 2000 }).catch(() => {});
}

async function assertAnswers(app: App, number: number): Promise<void> {
  const socketPath = app.controlSockets[0]!;
  const { status, body } = await get({ socketPath }, { path: '/status' });
  assert.equal(status, 200, `after message ${number}`);
  assert.equal((JSON.parse(body) as { pid: number }).pid, app.pid, `after message ${number}`);
  assert.ok(conforms(JSON.parse(body), statusSchema), `after message ${number}: ${body}`);
}

for (const [balance, sharing, share] of [
  ['kernel', 'auto', 0.4],
  ['least-connections', 'auto', 0.4],
  ['kernel', 'round-robin', 0.2],
] as const) {
  const count = Math.round(COUNT * share);
  const name = `the primary answers after each of ${count} messages that make no sense, ${sharing}, ${balance}`;
  test(name, { timeout: 60_000 + 1000 * count }, async () => {
    const policy = ['--sharing', sharing, '--balance', balance, '--recover-interval', '0', '--recover-threshold', '0'];
    await using app = await serve({ entry: 'says-anything.cjs', options: ['--workers', '2', ...policy] });
    for (let number = 1; number <= count; number++) {
      await say(app, number);
      await assertAnswers(app, number);
    }
    assert.deepEqual(app.events('fault of prefork'), []);
  });
}

test('a worker that acknowledges no socket, and goes on asking, is replaced', async () => {
  const options = ['--workers', '2', '--recover-interval', '0'];
  await using app = await serve({ entry: 'acknowledges-nothing.cjs', options });
  await get(app.target, { path: '/ask' }).catch(() => {});
  const { fields } = await app.event('worker expelled');
  assert.equal(fields['why'], 'does not read what it is told');
  await assertAnswers(app, 1);
});

/**
 * Fills the channel without end by messages that a worker may send, and that cost the primary the most: it tells of a thousand
 * addresses, and takes one back again and again.
 */
const talkative = `const { writeSync } = require('node:fs');
const named = (type, nth) => ({ type, address: 'a' + nth, port: 1 });
const line = (bodies) => Buffer.from(JSON.stringify({ cmd: 'NODE_PREFORK', bodies }) + '\\n');
const first = Array.from({ length: 4 }, (_, part) => line(Array.from({ length: 250 }, (_, nth) => named('serving', part * 250 + nth))));
const again = line(Array.from({ length: 256 }, (_, nth) => named(nth % 2 === 0 ? 'ceased' : 'serving', 0)));
let rest = Buffer.concat(first);
const write = () => {
  try {
    for (;;) {
      rest = rest.subarray(writeSync(process.channel.fd, rest));
      if (rest.length === 0) rest = again;
    }
  } catch (error) {
    if (error.code === 'EAGAIN') setTimeout(write, 1);
  }
};
require('node:http').createServer((_request, response) => response.end('', write)).listen(process.env.PORT);`;

test('the primary answers while a worker says without end what it may say', async () => {
  await using app = await serve({
    entry: './app.cjs',
    files: { 'app.cjs': talkative },
    options: ['--workers', '1', '--shutdown-grace-period', '1s'],
  });
  await get(app.target, { path: '/' });
  const took: number[] = [];
  while (took.length < 5) {
    const askedAt = performance.now();
    await assertAnswers(app, took.length);
    took.push(performance.now() - askedAt);
  }
  const [, , median] = took.toSorted((a, b) => a - b);
  assert.ok(median! < 1000, took.join());
});

/**
 * Worker 1 says answers as long as a message may be, each one large object. Worker 0 hangs meanwhile, by a fault of the application.
 */
const largeAndHung = `require('node:http').createServer((_request, response) => response.end()).listen(process.env.PORT);
if (process.env.PREFORK_SLOT === '0') setTimeout(() => { for (;;); }, 2500);
else {
  const labels = Object.fromEntries(Array.from({ length: 380_000 }, (_, nth) => ['a' + nth.toString(36).padStart(4, '_'), 1]));
  const families = [{ name: 'x', help: '', type: 'gauge', values: [{ value: 1, labels }] }];
  const one = { cmd: 'NODE_PREFORK', body: { type: 'metrics', request: 1, families } };
  const again = () => process.send(one, undefined, {}, (error) => { if (!error) setTimeout(again, 10); });
  setTimeout(again, 1500);
}`;

test('a worker that says large objects without end is replaced, and does not keep one that hangs from being ended', async () => {
  await using app = await serve({
    entry: './app.cjs',
    files: { 'app.cjs': largeAndHung },
    options: ['--workers', '2', '--heartbeat-timeout', '2s', '--recover-threshold', '0'],
  });
  assert.equal((await app.event('worker expelled')).fields['why'], 'too many keys');
  await app.event('worker hung', { slot: 0 });
  await app.event('worker exited', { slot: 0, reason: 'hung' });
});

/** Sends 250 descriptors with each message of a handoff, which Node cannot: the messages are as they should be. */
const generous = `
import array, json, socket, time
end = socket.socket(fileno=3)
pair = socket.socketpair()
def say(body, count):
    line = json.dumps({'cmd': 'NODE_PREFORK', 'handle': True, 'body': body}, separators=(',', ':')) + '\\n'
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [pair[0].fileno()] * count))]
    while True:
        try: return end.sendmsg([line.encode()], rights)
        except BlockingIOError: time.sleep(0.01)
for nth in range(12):
    say({'type': 'handoff', 'id': nth, 'to': 99, 'listener': 1, 'from': 0, 'nth': nth}, 250)
    time.sleep(0.02)
time.sleep(5)
`;

const asked = `const { spawn } = require('node:child_process');
require('node:http').createServer((request, response) => {
  response.end('', () => {
    if (request.url === '/send') spawn('python3', [__dirname + '/send.py'], { stdio: ['ignore', 'inherit', 'inherit', process.channel.fd] });
  });
}).listen(process.env.PORT);`;

const skip = hasPython() ? false : 'it needs Python, which can send several descriptors, and Linux';

function hasPython(): boolean {
  return process.platform === 'linux' && spawnSync('python3', ['-c', 'import array, socket']).status === 0;
}

test(
  'a worker that sends more descriptors than messages is replaced, and the primary gets rid of them',
  { skip },
  async () => {
    await using app = await serve({
      entry: './app.cjs',
      files: { 'app.cjs': asked, 'send.py': generous },
      options: ['--workers', '2', '--balance', 'kernel', '--recover-interval', '0'],
    });
    const before = readdirSync(`/proc/${app.pid}/fd`).length;
    await get(app.target, { path: '/send' }).catch(() => {});
    const { fields } = await app.event('worker expelled');
    assert.equal(app.events('bad message')[0]!.fields['why'], 'more descriptors than messages with one');
    await app.event('worker ready', { slot: fields['slot']! }, 2);
    const after = readdirSync(`/proc/${app.pid}/fd`).length;
    assert.ok(after < before + 10, `${before} descriptors, then ${after}`);
    await assertAnswers(app, 1);
  },
);
