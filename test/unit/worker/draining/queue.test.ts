/** How a drain stops accepting: connections that are queued are served, unless a successor serves them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { bindTcp, type NativeHandle } from '../../../../src/listeners/native.ts';
import { Drain } from '../../../../src/worker/draining/drain.ts';
import { OneShotHooks } from '../../../../src/worker/draining/one-shot-hooks.ts';
import { IdleConnections } from '../../../../src/worker/draining/idle-connections.ts';
import { Servers } from '../../../../src/worker/listening/servers.ts';
import { SlotHandle } from '../../../../src/worker/listening/slot-handle.ts';
import { count } from '../helpers.ts';

const now = { idle: 0, spread: 0 };

/** A worker that is this process, with a server on a slot's socket as the primary gives it. */
function start(t: TestContext, socket: NativeHandle, backlog = 511): { drain: Drain; handle: SlotHandle } {
  const servers = new Servers();
  const handle = new SlotHandle({ listener: 1, slot: 0 }, socket, {
    listening: () => undefined,
    opened: () => undefined,
    parked: () => undefined,
    closed: () => undefined,
    returned: () => undefined,
  });
  // net.Server does the same with its handle.
  handle.onconnection = (_status, client) => {
    if (client !== undefined) new net.Socket({ handle: client } as net.SocketConstructorOpts).end('served');
  };
  assert.equal(handle.listen(backlog), 0);
  servers.add(net.createServer(), handle);
  t.after(() => handle.close());
  const requests = count(t);
  return {
    drain: new Drain({ hooks: new OneShotHooks('onDrain'), servers, requests, idle: new IdleConnections(requests) }),
    handle,
  };
}

/** A socket into whose queue the test puts connections, one for each turn of the loop as libuv takes them. */
class FakeSocket implements NativeHandle {
  onconnection: NativeHandle['onconnection'] = null;
  readonly fd = -1;
  isClosed = false;
  queued = 0;
  accepted = 0;
  readonly backlogs: number[] = [];

  /** @param arrives whether another one comes for each that is accepted. */
  constructor(arrives = false) {
    const turn = (): void => {
      if (this.isClosed) return;
      if (this.queued > 0) {
        this.accepted++;
        if (!arrives) this.queued--;
        this.onconnection?.(-1, undefined);
      }
      setImmediate(turn).unref();
    };
    setImmediate(turn).unref();
  }

  listen(backlog: number): number {
    this.backlogs.push(backlog);
    return 0;
  }

  close(): void {
    this.isClosed = true;
  }

  /** A TCP socket has a name. A socket without one is taken for a Unix socket, whose queue is left as it is. */
  getsockname(): number {
    return 0;
  }

  ref(): void {}
  unref(): void {}
}

function bind(): { socket: NativeHandle; port: number } {
  const bound = bindTcp('127.0.0.1', 0, 4);
  if ('errno' in bound) throw new Error(`bind: ${bound.errno}`);
  return { socket: bound.handle, port: bound.port };
}

test('connections that are queued when it begins are served', async (t) => {
  const { socket, port } = bind();
  const { drain } = start(t, socket);
  const clients = Array.from({ length: 50 }, () => net.connect(port, '127.0.0.1'));
  const answers = Promise.all(clients.map(answerOf));
  // The kernel has accepted them: the event loop has not accepted any yet.
  await Promise.all(clients.map((client) => once(client, 'connect')));
  await drain.begin(now);
  assert.deepEqual(await answers, Array(50).fill('served'));
});

test('it accepts until a turn brings nobody', async (t) => {
  const socket = new FakeSocket();
  const { drain, handle } = start(t, socket);
  socket.queued = 30;
  await drain.begin(now);
  assert.deepEqual([socket.isClosed, socket.queued, handle.accepted], [true, 0, 30]);
  // Clients that came meanwhile found next to no room, and are refused rather than reset.
  assert.deepEqual(socket.backlogs, [511, 0]);
});

test('while connections pour in it accepts those who waited when it began, and some more', async (t) => {
  const socket = new FakeSocket(true);
  const { drain } = start(t, socket, 100);
  socket.queued = 100;
  await drain.begin(now);
  assert.equal(socket.isClosed, true);
  assert.ok(socket.accepted > 100 && socket.accepted < 110, `${socket.accepted}`);
});

test('when another worker accepts from the socket it stops at once', async (t) => {
  const socket = new FakeSocket(true);
  const { drain } = start(t, socket);
  socket.queued = 100;
  await drain.begin({ ...now, takenOver: true });
  assert.deepEqual([socket.isClosed, socket.accepted], [true, 0]);
  assert.deepEqual(socket.backlogs, [511], 'the queue is the other worker’s');
});

async function answerOf(client: Socket): Promise<string> {
  let answer = '';
  for await (const chunk of client.setEncoding('utf8')) answer += chunk as string;
  return answer;
}
