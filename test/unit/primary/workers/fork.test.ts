import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { SpawnContext } from '../../../../src/options/types.ts';
import { forkerFor, type ForkOptions } from '../../../../src/primary/workers/fork.ts';
import { temporaryDirectory } from '../../scoreboard/helpers.ts';

const options: ForkOptions = { isRoundRobin: false, isPiped: true, isDetached: false, spawnWorker: undefined };

/** A program that tells how it was started, and ends when it is told to. */
const program = `const { readFileSync } = require('node:fs');
const session = process.platform === 'linux' ? Number(readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ')[3]) : 0;
const { id } = require('node:cluster').worker;
process.send({ id, given: process.env.GIVEN, args: process.argv.slice(2), flags: process.execArgv, session });
process.on('message', () => process.disconnect());`;

function contextIn(t: TestContext, changes: Partial<SpawnContext> = {}): SpawnContext {
  const entry = join(temporaryDirectory(t), 'app.cjs');
  writeFileSync(entry, program);
  return { entry, args: ['a', 'b'], execArgv: [], env: { GIVEN: 'yes' }, slot: 0, generation: 1, ...changes };
}

interface Report {
  /** The id that node:cluster gives a worker. */
  readonly id: number;
  readonly given: string;
  readonly args: string[];
  readonly flags: string[];
  readonly session: number;
}

/** Returns the process's only message, after which it ends. */
async function hear(child: ChildProcess): Promise<Report> {
  const [report] = (await once(child, 'message')) as [Report];
  child.send('end');
  await once(child, 'exit');
  return report;
}

test('a worker has the arguments, the environment and a number of its own', async (t) => {
  const fork = forkerFor(options);
  const context = contextIn(t);
  const first = await hear(fork(context));
  assert.deepEqual([first.args, first.given, first.id], [['a', 'b'], 'yes', 1]);
  assert.equal((await hear(fork(context))).id, 2);
});

test('detached, it leads a session', { skip: process.platform !== 'linux' }, async (t) => {
  const context = contextIn(t);
  const detached = forkerFor({ ...options, isDetached: true })(context);
  assert.equal((await hear(detached)).session, detached.pid);
  const attached = forkerFor(options)(context);
  assert.notEqual((await hear(attached)).session, attached.pid);
});

test('each worker’s inspector has a port of its own, where one is asked for', async (t) => {
  const ports = [];
  const fork = forkerFor(options);
  const context = contextIn(t, { execArgv: ['--inspect-port=0'] });
  for (let nth = 1; nth <= 2; nth++) {
    const { flags } = await hear(fork(context));
    ports.push(flags.at(-1));
  }
  assert.deepEqual(
    ports,
    [1, 2].map((nth) => `--inspect-port=${process.debugPort + nth}`),
  );
  assert.deepEqual((await hear(fork({ ...context, execArgv: [] }))).flags, []);
});

test('piped output is readable, and other output is the primary’s', async (t) => {
  const piped = forkerFor(options)(contextIn(t));
  assert.notEqual(piped.stdout, null);
  await hear(piped);
  const inherited = forkerFor({ ...options, isPiped: false })(contextIn(t));
  assert.equal(inherited.stdout, null);
  await hear(inherited);
});

test('the user’s own way gets the whole environment', () => {
  const seen: SpawnContext[] = [];
  const child = new EventEmitter() as ChildProcess;
  const spawnWorker = (context: SpawnContext): ChildProcess => (seen.push(context), child);
  const context = { entry: 'app.js', args: [], execArgv: [], env: { GIVEN: 'yes' }, slot: 0, generation: 1 };
  assert.equal(forkerFor({ ...options, spawnWorker })(context), child);
  const { env } = seen[0]!;
  assert.equal(env['GIVEN'], 'yes');
  assert.equal(env['PATH'], process.env['PATH']);
  assert.equal(env['NODE_UNIQUE_ID'], '1');
});

const answered = { cmd: 'NODE_CLUSTER', act: 'exitedAfterDisconnect', seq: 7 };
const ignored: readonly unknown[] = [
  {
    cmd: 'NODE_CLUSTER',
    act: 'queryServer',
    seq: 7,
    address: '127.0.0.1',
    port: 0,
    addressType: 4,
    fd: undefined,
    flags: 0,
  },
  { cmd: 'NODE_CLUSTER', act: 'queryServer', seq: 7, address: '/tmp/x.sock', port: -1, addressType: -1 },
  { cmd: 'NODE_CLUSTER', act: 'queryServer', seq: 7, address: null, port: 0, addressType: 4, fd: 0 },
  { cmd: 'NODE_CLUSTER', act: 'close', seq: 7, key: 'x' },
  { cmd: 'NODE_CLUSTER', act: 'listening', seq: 7 },
  { cmd: 'NODE_CLUSTER', act: 'online', seq: 7 },
  { cmd: 'NODE_CLUSTER', act: '__proto__', seq: 7 },
  { cmd: 'NODE_CLUSTER', ack: 1 },
  { ...answered, seq: undefined },
  { ...answered, seq: '7' },
  { ...answered, seq: 0.5 },
  { ...answered, seq: { toString: 'x' } },
  { ...answered, cmd: 'NODE_PREFORK' },
];

test('of node:cluster’s protocol, the farewell alone is answered', async (t) => {
  const child = forkerFor(options)(contextIn(t));
  const sent: unknown[] = [];
  const { send } = child;
  child.send = (message: unknown) => sent.push(message) > 0;
  for (const message of ignored) child.emit('internalMessage', message);
  assert.deepEqual(sent, []);
  child.emit('internalMessage', answered);
  assert.deepEqual(sent, [{ cmd: 'NODE_CLUSTER', ack: 7 }]);
  child.send = send;
  await hear(child);
});
