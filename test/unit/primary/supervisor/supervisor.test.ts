import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import type { WorkerMessage } from '../../../../src/ipc/messages.ts';
import { resolveSettings } from '../../../../src/options/settings.ts';
import type { Options, Settings } from '../../../../src/options/types.ts';
import type { FleetEvent } from '../../../../src/primary/fleet/events.ts';
import { ControlAddress } from '../../../../src/primary/supervisor/control-address.ts';
import { EventQueue } from '../../../../src/primary/supervisor/event-queue.ts';
import { Launches } from '../../../../src/primary/supervisor/launches.ts';
import { Hooks } from '../../../../src/primary/supervisor/hooks.ts';
import { Supervisor } from '../../../../src/primary/supervisor/supervisor.ts';
import { Board } from '../../../../src/scoreboard/board.ts';
import { temporaryDirectory } from '../../scoreboard/helpers.ts';
import { notedLog } from '../../../support/noted-log.ts';
import { stop } from '../fleet/driver.ts';
import { FakeOs, type FakeChild } from '../workers/fake-os.ts';

const SWEEP_AFTER_MS = 10_000;
const READY_TIMEOUT_MS = 30_000;

function launchesOf(settings: Settings): Launches {
  const program = { entry: 'app.js', args: [], execArgv: [] };
  const directory = { named: '/app', real: '/app' };
  return new Launches({ launch: { program, settings, directory, config: undefined, envFiles: [] }, settings });
}

interface Server {
  readonly os: FakeOs;
  readonly queue: EventQueue;
  readonly supervisor: Supervisor;
  readonly ended: Promise<void>;
  readonly log: string[];
}

/** Makes a supervisor whose workers are this test. @param early the events that come before it runs. */
function setUp(options: Options, ...early: FleetEvent[]): Server {
  return setUpWith(undefined, options, ...early);
}

function setUpWith(board: Board | undefined, options: Options, ...early: FleetEvent[]): Server {
  const os = new FakeOs();
  const log: string[] = [];
  const queue = new EventQueue();
  const supervisor = new Supervisor({
    queue,
    address: new ControlAddress('test'),
    // The fleet's tests are about settling.
    launches: launchesOf(resolveSettings({ options: { settle: 0, ...options }, env: {}, entry: 'app.js' })),
    sharing: 'shared',
    balance: 'kernel',
    seed: 0,
    board,
    hooks: new Hooks({}, () => {}),
    log: notedLog((_level, text) => log.push(text)),
    os,
    isFromRoot: false,
    binder: undefined,
    handover: undefined,
    oldPrimary: undefined,
    passed: undefined,
    notifyFd: undefined,
    newPrimaryEnv: {},
    fault: (error) => void log.push(`fault: ${String(error)}`),
    output: undefined,
  });
  for (const event of early) queue.post(event);
  return { os, queue, supervisor, log, ended: supervisor.run({ adminSocket: () => undefined, announce: () => {} }) };
}

const anyPort: WorkerMessage = {
  type: 'listen',
  request: 1,
  address: '127.0.0.1',
  port: 0,
  family: 4,
  ipv6Only: false,
  ordinal: 0,
  readableAll: false,
  writableAll: false,
  data: undefined,
};

/** The worker asks for a port, and listens as soon as it may. */
async function listen(child: FakeChild): Promise<void> {
  child.say(anyPort);
  await turn();
  const granted = child.heard.find((heard) => heard.type === 'granted');
  assert.ok(granted, JSON.stringify(child.heard));
  const { listener, isParked } = granted;
  if (isParked) child.say({ type: 'opened', listener });
  if (isParked) assert.deepEqual(child.heard.at(-1), { type: 'accept', listener, slot: 0 });
  child.say({ type: 'listening', listener });
}

/** Asks the server to stop, and every worker ends. */
async function end({ os, queue, ended }: Server): Promise<void> {
  queue.post(stop);
  for (const child of os.children) if (child.connected) child.exit(0, null);
  await ended;
  assert.equal(os.deadlines, 0, 'no timer is left');
}

test('a worker that listens serves, and its address is known and logged', async () => {
  const app = setUp({ workers: 1 });
  await listen(app.os.children[0]!);
  assert.equal(app.supervisor.fleet.phase, 'serving');
  assert.equal(app.supervisor.resources.listeners.addresses.length, 1);
  assert.ok(app.log.includes('listening'));
  await end(app);
});

test('an address that a crashed worker had and its successor does not want is closed', async () => {
  const app = setUp({ workers: 1 });
  await listen(app.os.children[0]!);
  app.os.children[0]!.exit(1, null);
  assert.equal(app.supervisor.resources.listeners.addresses.length, 1, 'its successor may want it');
  app.os.children[1]!.say({ type: 'ready' });
  app.os.pass(SWEEP_AFTER_MS);
  assert.equal(app.supervisor.resources.listeners.addresses.length, 1, 'it may open it yet');
  app.os.pass(READY_TIMEOUT_MS);
  app.os.pass(SWEEP_AFTER_MS);
  assert.deepEqual(app.supervisor.resources.listeners.addresses, []);
  await end(app);
});

test('a reload has the new worker accept when it is ready, and then the old one drain', async () => {
  const app = setUp({ workers: 1 });
  await listen(app.os.children[0]!);
  const reloaded = app.supervisor.ask((request) => ({ type: 'operate', kind: 'reload', request }));
  const next = app.os.children[1]!;
  await listen(next);
  assert.deepEqual(
    next.heard.map(({ type }) => type),
    ['granted', 'accept'],
  );
  assert.equal((await reloaded).ok, true);
  assert.deepEqual(app.os.children[0]!.heard.at(-1)?.type, 'drain');
  await end(app);
});

test('a worker that says it is ready, and asks for no socket, takes over as it is', async () => {
  const app = setUp({ workers: 1 });
  app.os.children[0]!.say({ type: 'ready' });
  const reloaded = app.supervisor.ask((request) => ({ type: 'operate', kind: 'reload', request }));
  app.os.children[1]!.say({ type: 'ready' });
  assert.equal((await reloaded).ok, true);
  await end(app);
});

test('whoever waits for something is answered when it ends', async () => {
  const app = setUp({ workers: 1 });
  app.os.children[0]!.say({ type: 'ready' });
  const reload = app.supervisor.ask((request) => ({ type: 'operate', kind: 'reload', request }));
  const stopped = app.supervisor.ask((request) => ({ ...stop, request }));
  for (const child of app.os.children) child.exit(0, null);
  await app.ended;
  assert.deepEqual(await reload, { ok: false, reason: 'the server is stopping' });
  assert.equal((await stopped).ok, true);
});

test('a worker’s exit is heard of once, however it comes', async () => {
  const app = setUp({ workers: 1 });
  app.os.children[0]!.say({ type: 'ready' });
  assert.equal(app.supervisor.fleet.phase, 'serving');
  const [child] = app.os.children;
  child!.emit('exit', null, 'SIGKILL');
  assert.equal(app.os.children.length, 1, 'its channel is open, so it may still have said something');
  child!.connected = false;
  child!.emit('disconnect');
  assert.equal(app.os.children.length, 2);
  await end(app);
});

test('asked to stop before it runs, it forks nobody and ends as asked', async () => {
  const app = setUp({ workers: 2 }, stop);
  await app.ended;
  assert.equal(app.os.children.length, 0);
  assert.equal(app.os.deadlines, 0, 'no timer is left');
  assert.deepEqual(app.log, ['stopping', 'stopped']);
});

test('a reload that is asked for before it runs follows its start', async () => {
  const app = setUp({ workers: 1 }, { type: 'operate', kind: 'reload' });
  app.os.children[0]!.say({ type: 'ready' });
  app.os.children[1]!.say({ type: 'ready' });
  assert.ok(app.log.includes('reload done'), app.log.join());
  await end(app);
});

test('what cannot be closed does not keep the primary from ending', async (t) => {
  const board = Board.create({ name: 'app', rows: 4, directories: [temporaryDirectory(t)] });
  t.mock.method(board, 'close', () => {
    throw new Error('somebody else has put something there');
  });
  t.after(() => {
    t.mock.restoreAll();
    board.close();
  });
  const app = setUpWith(board, { workers: 1 });
  await listen(app.os.children[0]!);
  await end(app);
});
