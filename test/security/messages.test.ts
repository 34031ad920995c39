/** Tests random messages of a worker to the primary, of every kind that there is, with every handle that Node sends. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { conforms } from '../../src/control/status/conforms.ts';
import { statusSchema } from '../../src/control/status/status-schema.ts';
import { serve, type App } from '../support/app.ts';
import { get } from '../support/http.ts';
import { poll } from '../support/watched.ts';

const notLinux = process.platform !== 'linux' && 'only Linux tells how many descriptors there are';

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
 * Returns an application that writes to its channel without end, once it is asked for something.
 *
 * @param what declares `rest`, the bytes that come first, and `again`, those that follow again and again
 */
function writing(what: string): string {
  return `const { writeSync } = require('node:fs');${what}
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
}

/**
 * Fills the channel without end by messages that a worker may send, and that cost the primary the most: it tells of a thousand
 * addresses, and takes one back again and again.
 */
const talkative = writing(`
const named = (type, nth) => ({ type, address: 'a' + nth, port: 1 });
const line = (bodies) => Buffer.from(JSON.stringify({ cmd: 'NODE_PREFORK', bodies }) + '\\n');
const first = Array.from({ length: 4 }, (_, part) => line(Array.from({ length: 250 }, (_, nth) => named('serving', part * 250 + nth))));
const again = line(Array.from({ length: 256 }, (_, nth) => named(nth % 2 === 0 ? 'ceased' : 'serving', 0)));
let rest = Buffer.concat(first);`);

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

const long = `require('node:http').createServer((_request, response) => {
  response.end('', () => {
    process.send({ text: 'x'.repeat(10_000_000) });
    process.send({ text: 'after it' });
  });
}).listen(process.env.PORT);`;

test('a message of any length that the application sends is dropped alone: its worker lives, and is heard on', async () => {
  await using app = await serve({
    entry: './app.cjs',
    files: {
      'app.cjs': long,
      'half.cjs': `require('node:cluster').on('message', (_worker, { text }) => console.log('heard', text));`,
    },
    options: ['--workers', '1', '--primary', './half.cjs'],
  });
  await app.event('primary half ready');
  await get(app.target, { path: '/' });
  await app.output(/^heard after it$/m);
  assert.equal(
    app.events('message dropped')[0]!.fields['why'],
    'one that the application sent is longer than 4194304 bytes',
  );
  assert.deepEqual(
    [app.events('worker expelled'), app.events('worker exited'), app.events('bad message')],
    [[], [], []],
  );
});

/** Writes a line that begins as one of the application's, and has no end. */
const endless = writing(`
let rest = Buffer.from('{"text":"');
const again = Buffer.alloc(1 << 20, 'x');`);

test(
  'a line of the application’s without end takes neither the primary’s memory nor its time',
  { skip: notLinux },
  async () => {
    await using app = await serve({
      entry: './app.cjs',
      files: { 'app.cjs': endless },
      options: ['--workers', '1', '--shutdown-grace-period', '1s'],
    });
    const { resident: before, cpu: cpuBefore } = costOf(app.pid);
    const since = performance.now();
    await get(app.target, { path: '/' });
    await app.event('message dropped');
    while (performance.now() - since < 3000) {
      await assertAnswers(app, 0);
      await delay(50);
    }
    const { resident, cpu } = costOf(app.pid);
    assert.ok(resident - before < 96 * 1024 * 1024, `${resident - before} bytes`);
    assert.ok(cpu - cpuBefore < 1500, `${cpu - cpuBefore} ms`);
  },
);

/** The resident memory of a process, in bytes, and the CPU time that it has used, ms. */
function costOf(pid: number): { resident: number; cpu: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ').map(Number);
  return { resident: fields[21]! * 4096, cpu: (fields[11]! + fields[12]!) * 10 };
}

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

/**
 * Sends an eventfd of this very process with each of 2,000 messages that mean nothing. libuv in the primary knows no such kind, and keeps
 * them.
 */
const stuffer = `const { readdirSync, readlinkSync } = require('node:fs');
const channel = process[Object.getOwnPropertySymbols(process).find(({ description }) => description === 'kChannelHandle')];
const write = channel.writeUtf8String;
let Request;
channel.writeUtf8String = function (request, ...rest) {
  Request = request.constructor;
  return write.call(channel, request, ...rest);
};
const isEvents = (fd) => {
  try { return readlinkSync('/proc/self/fd/' + fd) === 'anon_inode:[eventfd]'; } catch { return false; }
};
exports.stuff = (text) => {
  process.send('begin');
  const handle = new channel.constructor(0);
  if (handle.open(readdirSync('/proc/self/fd').map(Number).find(isEvents)) !== 0) throw new Error('no eventfd');
  let sent = 0;
  const more = () => {
    for (let nth = 0; nth < 20 && sent < 2000; nth++, sent++) write.call(channel, new Request(), text + '\\n', handle);
    if (sent < 2000) setTimeout(more, 20);
  };
  more();
};`;

const KEPT = 'descriptors of a kind that nobody can take';

test(
  'a worker that sends descriptors of a kind that libuv does not know is replaced, and they are gone',
  { skip: notLinux },
  async () => {
    const entry = `require('node:http').createServer((request, response) => {
    response.end('', () => request.url === '/send' && require('./stuffer.cjs').stuff('{"cmd":"NODE_PREFORK","body":{"type":"started"}}'));
  }).listen(process.env.PORT);`;
    await using app = await serve({
      entry: './app.cjs',
      files: { 'app.cjs': entry, 'half.cjs': '', 'stuffer.cjs': stuffer },
      options: ['--workers', '2', '--balance', 'kernel', '--recover-interval', '0', '--primary', './half.cjs'],
    });
    const before = readdirSync(`/proc/${app.pid}/fd`).length;
    await get(app.target, { path: '/send' }).catch(() => {});
    const { fields } = await app.event('worker expelled');
    assert.equal(fields['why'], KEPT);
    await app.event('worker ready', { slot: fields['slot']! }, 2);
    const blamed = ['worker expelled', 'bad message', 'primary half failed'] as const;
    assert.deepEqual(
      blamed.map((event) => app.events(event).length),
      [1, 1, 0],
      'those who were asked too, and are well, are not blamed',
    );
    const after = readdirSync(`/proc/${app.pid}/fd`).length;
    assert.ok(after < before + 10, `${before} descriptors, then ${after}`);
    await assertAnswers(app, 1);
  },
);

test('so is the process of --primary', { skip: notLinux }, async () => {
  const half = `const { existsSync, writeFileSync } = require('node:fs');
  if (!existsSync('sent')) {
    writeFileSync('sent', '');
    require('node:cluster').once('online', () => require('./stuffer.cjs').stuff('{"text":"hello"}'));
  }`;
  await using app = await serve({
    entry: './app.cjs',
    files: {
      'app.cjs': `require('node:http').createServer((_, response) => response.end()).listen(process.env.PORT);`,
      'half.cjs': half,
      'stuffer.cjs': stuffer,
    },
    options: ['--workers', '2', '--primary', './half.cjs'],
  });
  const before = readdirSync(`/proc/${app.pid}/fd`).length;
  const { fields } = await app.event('primary half failed');
  assert.equal(fields['why'], `it sent ${KEPT}`);
  await app.event('primary half ready', {}, 2);
  const after = readdirSync(`/proc/${app.pid}/fd`).length;
  assert.ok(after < before + 10, `${before} descriptors, then ${after}`);
});

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

/** Each worker drops the connections that it is given, and gives 200 to the other one when it is asked to. Then it ends. */
const dropper = `const listeners = process.listeners('internalMessage');
process.removeAllListeners('internalMessage');
process.on('internalMessage', (message, handle) => {
  if (message.body?.type === 'handoff') return;
  for (const listener of listeners) listener.call(process, message, handle);
});
const give = (handle) => {
  for (let id = 1; id <= 400; id++)
    process.send({ cmd: 'NODE_PREFORK', body: { type: 'handoff', id, to: id % 2, listener: 1, from: 0, nth: 0 } }, handle, () => {
      if (id === 400) setTimeout(() => process.exit(1), 500);
    });
};
require('node:http').createServer((request, response) => {
  if (request.url === '/give') give(request.socket._handle);
  else response.end();
}).listen(process.env.PORT);`;

test(
  'workers that give connections away and end leave none in the primary, though nobody takes them',
  { skip: notLinux },
  async () => {
    await using app = await serve({
      entry: './app.cjs',
      files: { 'app.cjs': dropper },
      options: [
        '--workers',
        '2',
        '--balance',
        'least-connections',
        '--recover-interval',
        '0',
        '--recover-threshold',
        '0',
      ],
    });
    const open = (): number => readdirSync(`/proc/${app.pid}/fd`).length;
    const before = open();
    for (let life = 1; life <= 3; life++) {
      const asked = get(app.target, { path: '/give', timeout: 1000 }).catch(() => {});
      await poll(() => open() > before + 100 || undefined, 'connections on their way', 10_000);
      await asked;
      await app.event('worker exited', {}, life);
      await app.event('worker ready', {}, 2 + life);
      await poll(() => open() < before + 10 || undefined, `their end in life ${life}, from ${before}`, 10_000);
    }
    assert.deepEqual(app.events('bad message'), []);
    await assertAnswers(app, 1);
  },
);
