/**
 * Tests the binder, by itself and in a server: root's one process binds what it was started for, whatever it is told.
 */
import assert from 'node:assert/strict';
import { fork, spawn, type ChildProcess, type SendHandle } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { constants } from 'node:os';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { BindQuery } from '../../src/privileges/binder-messages.ts';
import { ask } from '../support/http.ts';
import { childrenOf, isAlive } from '../support/leftovers.ts';
import { inRoot } from '../support/paths.ts';
import { noOtherUser } from '../support/platform.ts';
import { lowPort } from '../support/low-port.ts';
import { binderOf, compromised, descriptorsOf, identityOf, inside, serveAsNobody } from '../support/separated.ts';
import { poll, Watched } from '../support/watched.ts';

const skip = noOtherUser;
const program = inRoot('dist/privileges/binder.cjs');
const EACCES = -constants.errno.EACCES;
const NOTICED_MS = 3500;

interface Answer {
  readonly binder: string;
  readonly id?: string;
  readonly errno?: number;
}

/** A hostile primary, which writes anything to the channel and reads what the binder says. */
class FakePrimary {
  readonly child: ChildProcess;
  readonly answers: Answer[] = [];
  readonly #changes = new Watched();
  readonly #line: Socket;
  #ids = 0;

  /** @param primary the process that the binder is told of as the primary. */
  constructor(t: TestContext, ports: readonly number[] | undefined, primary: number = process.pid) {
    this.child = spawn(process.execPath, [program, JSON.stringify(ports ?? null), String(primary)], {
      cwd: '/',
      env: { NODE_CHANNEL_FD: '3' },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.#line = this.child.stdio[3] as Socket;
    let unfinished = '';
    this.#line
      .on('error', () => {})
      .setEncoding('utf8')
      .on('data', (text: string) => {
        const lines = (unfinished + text).split('\n');
        unfinished = lines.pop()!;
        for (const line of lines.filter(Boolean)) this.#take(JSON.parse(line) as Answer & { cmd?: string });
      });
    this.child.once('exit', (code, signal) => this.#changes.over(`the binder ended with ${code ?? signal}`));
    t.after(() => this.child.kill('SIGKILL'));
  }

  get pid(): number {
    return this.child.pid!;
  }

  says(message: unknown): void {
    this.writes(`${JSON.stringify(message)}\n`);
  }

  writes(text: string): void {
    this.#line.write(text);
  }

  /**
   * Asks for a bind.
   *
   * @returns the errno of the answer. By then the binder has handled everything that it was told before.
   */
  async bind(changes: Partial<BindQuery>): Promise<number> {
    const id = `own-${++this.#ids}`;
    this.says({ binder: 'bind', id, query: { ...query, ...changes } });
    const find = (): Answer | undefined => this.answers.find((answer) => answer.id === id);
    return (await this.#changes.until(find, `the answer to ${id}`)).errno!;
  }

  leaves(): void {
    this.#line.destroy();
  }

  #take(message: Answer & { cmd?: string; msg?: Answer }): void {
    // Node waits for this acknowledgement of a handle before it sends more.
    if (message.cmd === 'NODE_HANDLE') this.says({ cmd: 'NODE_HANDLE_ACK' });
    const answer = message.cmd === 'NODE_HANDLE' ? message.msg : message;
    if (answer?.binder !== undefined) this.answers.push(answer);
    this.#changes.changed();
  }
}

const query: BindQuery = {
  transport: 'tcp',
  address: '127.0.0.1',
  port: 0,
  family: 4,
  reuseport: false,
  ipv6Only: false,
};
const path = '/tmp/prefork-test-binder.sock';

/** Messages that are none, or that ask for what the binder does not do. */
const hostile = (port: number): readonly unknown[] => [
  null,
  7,
  'bind',
  [],
  {},
  { binder: 'chmod', path: '/etc/passwd', mode: 0o777 },
  { binder: 'unlink', path },
  { binder: 'listen', path },
  { binder: '__proto__' },
  { binder: 'constructor', id: '1', query },
  { binder: 'bind', id: '1' },
  { binder: 'bind', id: '1', query: { ...query, port, address: path } },
  { binder: 'bind', id: '1', query: { ...query, port: -1, address: path, family: -1 } },
  { binder: 'bind', id: '1', query: { ...query, port, transport: 'pipe' } },
  { binder: 'bind', id: '1', query: { ...query, port: 0 } },
  { binder: 'bind', id: '1', query: { ...query, port: String(port) } },
  { binder: 'bind', id: '1', query: { ...query, port, fd: 0, address: null } },
  { binder: 'bind', id: { toString: 1 }, query: { ...query, port } },
  { binder: 'restrict', ports: 'all' },
  { binder: 'restrict', ports: [1, 2, 'x'] },
  { cmd: 'NODE_CLUSTER', act: 'queryServer', seq: 1, address: path, port: -1, addressType: -1, key: 'x' },
  { cmd: 'NODE_CLUSTER', act: 'queryServer', seq: 2, address: '127.0.0.1', port, addressType: 4 },
  { cmd: 'NODE_CLUSTER', act: 'queryServer', seq: 3, address: null, port: 0, addressType: 4, fd: 3 },
  { cmd: 'NODE_PREFORK', body: { type: 'listen', request: 1, address: path, port: -1, family: -1 } },
  { cmd: 'NODE_HANDLE', type: 'nope' },
  { cmd: 'NODE_HANDLE', type: '__proto__' },
  { cmd: 'NODE_HANDLE', type: 'net.Server' },
  { cmd: 'NODE_HANDLE', type: 'net.Socket', key: 'x' },
  { cmd: 'NODE_SOCKET_NOTIFY_CLOSE', key: 'x' },
  { cmd: 'NODE_SOCKET_GET_COUNT', key: 'x' },
  { padding: 'x'.repeat(1_000_000) },
];

test('what is no request does nothing, and what is one is answered after it', { skip }, async (t) => {
  const [port, other] = [await lowPort(), await lowPort()];
  const primary = new FakePrimary(t, [port]);
  assert.equal(await primary.bind({ port: other }), EACCES);
  const before = [...descriptorsOf(primary.pid).values()].toSorted();
  for (const message of hostile(port)) primary.says(message);
  assert.equal(await primary.bind({ port: other }), EACCES);
  assert.deepEqual([...descriptorsOf(primary.pid).values()].toSorted(), before, 'nothing is open that was not');
  assert.deepEqual(childrenOf(primary.pid), []);
  assert.equal(existsSync(path), false);
  assert.equal(await primary.bind({ port }), 0);
});

test('ports that are not named, and those that everybody may bind, are refused', { skip }, async (t) => {
  const port = await lowPort();
  const primary = new FakePrimary(t, [port]);
  for (const other of [22, 443, 1023, 1024, 8080, 65_535].filter((one) => one !== port)) {
    assert.equal(await primary.bind({ port: other }), EACCES, String(other));
    assert.equal(await primary.bind({ port: other, transport: 'udp' }), EACCES, String(other));
  }
  assert.equal(await primary.bind({ port }), 0);
  assert.equal(await primary.bind({ port, transport: 'udp' }), 0);
});

test('a set of ports never grows', { skip }, async (t) => {
  const [port, other] = [await lowPort(), await lowPort()];
  const primary = new FakePrimary(t, [port]);
  primary.says({ binder: 'restrict', ports: [port, other] });
  assert.equal(await primary.bind({ port: other }), EACCES);
  primary.says({ binder: 'seal' });
  primary.says({ binder: 'restrict', ports: [port, other] });
  assert.equal(await primary.bind({ port: other }), EACCES);
  assert.equal(await primary.bind({ port }), 0);
});

test('unnamed, the first start decides', { skip }, async (t) => {
  const [port, other] = [await lowPort(), await lowPort()];
  const primary = new FakePrimary(t, undefined);
  assert.equal(await primary.bind({ port }), 0);
  primary.says({ binder: 'seal' });
  assert.equal(await primary.bind({ port: other }), EACCES);
  assert.equal(await primary.bind({ port }), 0);
});

for (const last of [
  { binder: 'restrict', ports: [] },
  { binder: 'restrict', ports: [8080] },
]) {
  test(`without a port it says farewell, and ends: ${JSON.stringify(last)}`, { skip }, async (t) => {
    const primary = new FakePrimary(t, [await lowPort()]);
    primary.says(last);
    assert.deepEqual(await once(primary.child, 'exit'), [0, null]);
    assert.deepEqual(primary.answers, [{ binder: 'done' }]);
  });
}

test('it ends when the channel closes, and not by the signals that a service’s processes get', { skip }, async (t) => {
  const port = await lowPort();
  const primary = new FakePrimary(t, [port]);
  assert.equal(await primary.bind({ port }), 0);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(primary.pid, signal);
  assert.equal(await primary.bind({ port }), 0);
  primary.leaves();
  assert.deepEqual(await once(primary.child, 'exit'), [0, null]);
});

/** Node itself would end the process that reads these texts. */
const noLanguage = ['no message\n', '{"binder":\n', '{"cmd":"NODE_HANDLE_ACK"}\n', '\0\0\0\n'];

for (const text of noLanguage) {
  test(
    `what is no channel’s language is dropped, and ends it at the third time: ${JSON.stringify(text)}`,
    { skip },
    async (t) => {
      const port = await lowPort();
      const primary = new FakePrimary(t, [port]);
      primary.writes(text);
      assert.equal(await primary.bind({ port: 1 }), EACCES);
      primary.writes(text);
      assert.equal(await primary.bind({ port }), 0);
      primary.writes(text);
      assert.deepEqual(await once(primary.child, 'exit'), [0, null]);
    },
  );
}

test('a line without an end ends it before it fills its memory', { skip }, async (t) => {
  const primary = new FakePrimary(t, [await lowPort()]);
  assert.equal(await primary.bind({ port: 1 }), EACCES);
  const ended = once(primary.child, 'exit');
  const piece = 'x'.repeat(1024 * 1024);
  for (let sent = 0; sent < 6; sent++) primary.writes(piece);
  assert.deepEqual(await ended, [0, null]);
});

/** Starts a process that stands for a primary. */
function standIn(t: TestContext): ChildProcess {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test(
  'it ends with the primary that has started it, also where another process keeps the channel',
  { skip },
  async (t) => {
    const started = standIn(t);
    const primary = new FakePrimary(t, [await lowPort()], started.pid);
    assert.equal(await primary.bind({ port: 1 }), EACCES);
    const ended = once(primary.child, 'exit');
    started.kill('SIGKILL');
    assert.deepEqual(await ended, [0, null]);
  },
);

test(
  'after an upgrade it ends with the primary that it was told of, and not with the one before',
  { skip },
  async (t) => {
    const [first, second] = [standIn(t), standIn(t)];
    const primary = new FakePrimary(t, [await lowPort()], first.pid);
    primary.says({ binder: 'follow', pid: second.pid });
    assert.equal(await primary.bind({ port: 1 }), EACCES);
    first.kill('SIGKILL');
    await once(first, 'exit');
    // Longer than it takes the binder to notice an end.
    await delay(NOTICED_MS);
    assert.equal(await primary.bind({ port: 1 }), EACCES);
    const ended = once(primary.child, 'exit');
    second.kill('SIGKILL');
    assert.deepEqual(await ended, [0, null]);
  },
);

test('it ends when the server has stopped, also where another process keeps the channel', { skip }, async (t) => {
  const primary = new FakePrimary(t, [await lowPort()]);
  assert.equal(await primary.bind({ port: 1 }), EACCES);
  primary.says({ binder: 'end' });
  assert.deepEqual(await once(primary.child, 'exit'), [0, null]);
});

test('handles that are sent along are closed', { skip }, async (t) => {
  const port = await lowPort();
  const child = fork(program, [JSON.stringify([port]), String(process.pid)], {
    cwd: '/',
    env: {},
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  const answered = async (): Promise<number> => {
    child.send({ binder: 'bind', id: 'x', query: { ...query, port: 1 } });
    const [{ errno }] = (await once(child, 'message')) as [Answer];
    return errno!;
  };
  assert.equal(await answered(), EACCES);
  const before = descriptorsOf(child.pid!).size;
  for (const handle of await handles(t)) {
    for (const message of [{ binder: 'seal' }, { binder: 'nonsense' }, { binder: 'bind', id: 'y' }]) {
      child.send(message, handle as SendHandle);
    }
  }
  await poll(async () => {
    assert.equal(await answered(), EACCES);
    return descriptorsOf(child.pid!).size === before || undefined;
  }, 'the end of what was sent');
});

async function handles(t: TestContext): Promise<object[]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => {
    client.destroy();
    server.close();
    socket.close();
  });
  return [server, client, socket];
}

test('--bind names the ports: another one is EACCES for the application', { skip }, async () => {
  const [port, other] = [await lowPort(), await lowPort()];
  const options = ['--bind', String(port)];
  await using server = await serveAsNobody({ files: { 'app.cjs': compromised }, options, env: { PORT: String(port) } });
  assert.deepEqual(await inside(server.target, listen(other)), { error: 'EACCES' });
  await server.event('port refused', { port: other });
  assert.deepEqual(await inside(server.target, bindUdp(other)), { error: 'EACCES' });
  assert.deepEqual(await inside(server.target, bindUdp(port)), { value: true }, 'by name, for UDP as well');
});

test('without --bind, a port that was not asked for at the first start is refused after it', { skip }, async () => {
  const [port, other] = [await lowPort(), await lowPort()];
  await using server = await serveAsNobody({ files: { 'app.cjs': compromised }, env: { PORT: String(port) } });
  assert.deepEqual(await inside(server.target, listen(other)), { error: 'EACCES' });
  await server.event('port refused', { port: other });
  // The port of the first start may be bound at another address, as before.
  assert.deepEqual(await inside(server.target, listen(port, '127.0.0.2')), { error: 'EADDRINUSE' });
});

test('a port of --bind that needs no root starts no binder', { skip }, async () => {
  await using server = await serveAsNobody({ files: { 'app.cjs': compromised }, options: ['--bind', '8080'] });
  assert.equal(binderOf(server.pid), undefined);
  assert.deepEqual(await inside(server.target, listen(await lowPort())), { error: 'EACCES' });
});

test('when the binder is killed, the server goes on', { skip }, async () => {
  const port = await lowPort();
  await using server = await serveAsNobody({ env: { PORT: String(port) } });
  const binder = binderOf(server.pid)!;
  assert.equal(identityOf(binder).uids[0], 0);
  process.kill(binder, 'SIGKILL');
  await server.event('binder gone');
  await ask(server.target);
  server.signal('SIGHUP');
  await server.event('reload done');
  await ask(server.target);
  assert.equal(server.events('binder gone').length, 1);
});

test('the service’s own signals end the binder with the primary, and not before', { skip }, async () => {
  const port = await lowPort();
  await using server = await serveAsNobody({ env: { PORT: String(port) } });
  const binder = binderOf(server.pid)!;
  process.kill(binder, 'SIGTERM');
  server.signal('SIGTTIN');
  await server.event('worker ready', { slot: 1 });
  assert.ok(isAlive(binder));
  await server.stop();
  await poll(() => !isAlive(binder) || undefined, 'the end of the binder');
});

/** Returns code for a worker that listens, and closes again. */
function listen(port: number, host = '127.0.0.1'): string {
  return `const server = require('node:net').createServer().listen(${port}, '${host}');
    await require('node:events').once(server, 'listening');
    server.close();
    return true;`;
}

function bindUdp(port: number): string {
  return `const socket = require('node:dgram').createSocket('udp4');
    socket.bind(${port}, '127.0.0.1');
    await require('node:events').once(socket, 'listening');
    socket.close();
    return true;`;
}
