/** Tests random answers in place of a worker's inspector: the commands end, and believe nothing. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { InspectorError } from '../../src/inspector/error.ts';
import { formatFrame } from '../../src/inspector/frames.ts';
import { takeHeapSnapshot } from '../../src/inspector/heap-snapshot.ts';
import { getJson, type Endpoint } from '../../src/inspector/http.ts';
import { recordProfile } from '../../src/inspector/profile.ts';
import { Session } from '../../src/inspector/session.ts';
import { sampleStack } from '../../src/inspector/stack.ts';
import { Random } from '../support/random.ts';

const COUNT = Number(process.env['FUZZ_REPLIES'] ?? 200);

/** The limit of each step. */
const PATIENCE_MS = 300;
const LONGEST_SNAPSHOT = 1_000_000;

const values: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  'x',
  '\u001b[2J\u009b31m',
  'y'.repeat(10_000),
  [],
  {},
  [null],
  [[[]]],
  { length: 1e9 },
  'file:///a/b.js',
  'file://%/x',
  'file:///../../etc/passwd',
  '../../../etc/passwd',
];
const events = [
  'Runtime.executionContextCreated',
  'Runtime.consoleAPICalled',
  'HeapProfiler.addHeapSnapshotChunk',
  '__proto__',
  'constructor',
  'x',
];

function anyFields(random: Random): Record<string, unknown> {
  const names = ['exceptionDetails', 'stackTrace', 'chunk', 'profile', 'nodes', 'samples', 'message'];
  const fields = names.filter(() => random.chance(0.4)).map((name) => [name, random.pick(values)] as const);
  const frame = {
    functionName: random.pick(values),
    url: random.pick(values),
    lineNumber: random.pick(values),
  };
  const callFrames = random.pick([[frame, random.pick(values)], random.pick(values)]);
  const exceptionDetails = random.pick([
    { stackTrace: { callFrames } },
    { stackTrace: random.pick(values) },
    random.pick(values),
  ]);
  return { ...Object.fromEntries(fields), ...(random.chance(0.5) && { exceptionDetails }) };
}

function anyMessage(random: Random, id: number): string {
  const message = random.pick<() => unknown>([
    () => ({ id, result: anyFields(random) }),
    () => ({ id, result: random.pick(values) }),
    () => ({ id, error: random.pick([...values, { message: random.pick(values) }]) }),
    () => ({ id: random.pick(values), result: {} }),
    () => ({ method: random.pick(events), params: random.pick([anyFields(random), random.pick(values)]) }),
    () => random.pick(values),
  ])();
  return random.chance(0.1) ? JSON.stringify(message).slice(0, -1) : JSON.stringify(message);
}

function frameOf(random: Random, payload: Buffer): Buffer {
  const opcode = random.chance(0.9) ? 0x81 : random.between(0, 255);
  if (payload.length <= 125 && random.chance(0.9)) return Buffer.concat([Buffer.of(opcode, payload.length), payload]);
  const head = Buffer.alloc(10);
  head[0] = opcode;
  head[1] = 127;
  const length = random.chance(0.9) ? BigInt(payload.length) : random.pick([2n ** 63n, 2n ** 31n, 0n]);
  head.writeBigUInt64BE(length, 2);
  return Buffer.concat([head, payload]);
}

/** Starts a server that speaks enough WebSocket to be listened to, and then sends anything. */
async function enemy(random: Random): Promise<{ server: Server; endpoint: Endpoint }> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {});
    let isOpen = false;
    let id = 0;
    socket.on('data', (data) => {
      if (!isOpen) {
        const key = /sec-websocket-key: (\S+)/i.exec(data.toString('latin1'))?.[1];
        if (key === undefined) return void socket.end(anyHttp(random));
        isOpen = true;
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        socket.write(`HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
      }
      for (let nth = random.between(0, 6); nth > 0; nth--) {
        if (random.chance(0.7)) id++;
        socket.write(frameOf(random, Buffer.from(anyMessage(random, id))));
      }
      if (random.chance(0.05)) socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, endpoint: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } };
}

function anyHttp(random: Random): string {
  const body = JSON.stringify(random.pick([...values, [{ webSocketDebuggerUrl: random.pick(values) }]]));
  const length = random.pick([body.length, -1, 1e9, 'x', '']);
  return random.pick([
    `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${body}`,
    'x'.repeat(70_000),
    '\r\n\r\n',
    `HTTP/1.1 500\r\n\r\n`,
  ]);
}

type Look = (session: Session, signal: AbortSignal) => Promise<unknown>;

const looks: readonly Look[] = [
  async (session, signal) => {
    for (const frame of await sampleStack(session, signal)) {
      const line = formatFrame(frame);
      assert.doesNotMatch(line, /\p{Cc}/u);
      assert.ok(line.length < 1100, line);
    }
  },
  (session) => recordProfile(session, { interval: 1000, isStuck: true, until: () => Promise.resolve() }),
  async (session) => {
    let written = 0;
    await takeHeapSnapshot(session, LONGEST_SNAPSHOT, (piece) => void (written += piece.length));
    assert.ok(written <= LONGEST_SNAPSHOT);
  },
];

/** Asserts that a look ends, whatever came back. */
async function look(session: Session, one: Look): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const late = once(signal, 'abort').then(() => {
    throw new InspectorError('no answer');
  });
  await Promise.race([one(session, signal), late]).finally(() => late.catch(() => {}));
}

/** Most of the time is waiting, so some go side by side. Each has a seed of its own, and can be repeated by that. */
const LANES = 4;

test(`${COUNT} inspectors that answer anything`, { timeout: 60_000 + 2000 * COUNT }, async () => {
  const lane = async (seed: number): Promise<void> => {
    const random = new Random(seed);
    const { server, endpoint } = await enemy(random);
    for (let nth = seed; nth <= COUNT; nth += LANES) {
      const isMine = (error: unknown): void => assert.ok(error instanceof Error, `${String(error)} of ${nth}`);
      await getJson(endpoint, '/json/list', AbortSignal.timeout(PATIENCE_MS)).catch(isMine);
      const target = { ...endpoint, path: '/x', isOurs: false };
      const session = await Session.open(target, AbortSignal.timeout(10_000));
      await look(session, random.pick(looks)).catch((error: unknown) => {
        assert.ok(error instanceof InspectorError, `${String(error)} of ${nth}`);
        assert.doesNotMatch(error.message, /\p{Cc}/u);
      });
      await session.close();
    }
    server.close();
  };
  await Promise.all(Array.from({ length: LANES }, (_, nth) => lane(nth + 1)));
});

/** Answers the first command with this text, and sends nothing else. */
async function answeringOnce(text: string): Promise<{ server: Server; endpoint: Endpoint }> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => {
      const key = /sec-websocket-key: (\S+)/i.exec(data.toString('latin1'))?.[1];
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(`HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
      socket.once('data', () => {
        const head = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
        head.writeBigUInt64BE(BigInt(text.length), 2);
        socket.write(head);
        socket.write(text);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, endpoint: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } };
}

test('an answer that would become many times larger is not parsed', async () => {
  const keys = Array.from({ length: 200_000 }, (_, nth) => `"a${nth.toString(36)}":1`).join(',');
  for (const [values, tooMany] of [
    ['{},'.repeat(5_000_000), /too many objects/],
    [`{${keys}},`, /too many keys/],
    ['1,'.repeat(5_000_000), undefined],
  ] as const) {
    const { server, endpoint } = await answeringOnce(`{"id":1,"result":{"x":[${values}0]}}`);
    const session = await Session.open({ ...endpoint, path: '/x', isOurs: false }, AbortSignal.timeout(10_000));
    const said = session.call('Profiler.stop');
    if (tooMany) await assert.rejects(said, tooMany);
    else assert.equal(((await said)['x'] as unknown[]).length, 5_000_001);
    await session.close();
    server.close();
  }
});
