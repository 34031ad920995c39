/** Tests that a handle stays what it is until the other process has it, whatever becomes of the sender's copy meanwhile. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import process from 'node:process';
import { test } from 'node:test';
import { Channel, type SentHandle } from '../../../src/ipc/channel.ts';
import { holdHandle } from '../../../src/ipc/held-handles.ts';

class FakeHandle {
  closes = 0;
  close(callback?: () => void): void {
    this.closes++;
    callback?.();
  }
}

test('a handle is closed when the last of its writes has ended, and its owners are told then', () => {
  const handle = new FakeHandle();
  const heard: string[] = [];
  const ends = [holdHandle(handle), holdHandle(handle)];
  ends[0]!();
  handle.close(() => heard.push('first'));
  handle.close();
  handle.close(() => heard.push('second'));
  assert.deepEqual([handle.closes, heard], [0, []]);
  ends[1]!();
  assert.deepEqual([handle.closes, heard], [1, ['first', 'second']]);
  assert.equal(Object.hasOwn(handle, 'close'), false);
});

test('a handle that nobody closed goes on, and may be written again', () => {
  const handle = new FakeHandle();
  holdHandle(handle)();
  const end = holdHandle(handle);
  handle.close();
  assert.equal(handle.closes, 0);
  end();
  assert.equal(handle.closes, 1);
});

test('what stood in front of the close of its class stands there again', () => {
  const handle = new FakeHandle();
  let told = 0;
  handle.close = () => void told++;
  const end = holdHandle(handle);
  handle.close();
  end();
  assert.deepEqual([told, handle.closes], [1, 0]);
  handle.close();
  assert.equal(told, 2);
});

/** Tells the port of each listening socket that it is sent. It says that it reads messages with handles. */
const receiver = `
  const key = Object.getOwnPropertySymbols(process).find(({ description }) => description === 'kChannelHandle');
  const { onread } = process[key];
  process[key].onread = function (bytes) {
    const handle = this.pendingHandle;
    this.pendingHandle = null;
    const name = {};
    if (handle) process.send({ port: handle.getsockname?.(name) === 0 ? name.port : 'none' });
    return onread.call(this, bytes);
  };
  process.on('message', () => {});
  process.send({ cmd: 'NODE_PREFORK', reads: 'handles' });
`;

/** More than the kernel keeps for a channel. */
const FILLERS = 64;
const filler = 'x'.repeat(16 * 1024);

async function listen(): Promise<{
  readonly server: Server;
  readonly handle: SentHandle & { close(callback?: () => void): void };
  readonly port: number;
}> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { _handle: handle } = server as unknown as {
    readonly _handle: SentHandle & { close(callback?: () => void): void };
  };
  return { server, handle, port: (server.address() as AddressInfo).port };
}

async function portOf(child: ChildProcess): Promise<unknown> {
  for (;;) {
    const [message] = (await once(child, 'message')) as [{ readonly port?: unknown }];
    if (message.port !== undefined) return message.port;
  }
}

const isUnix = process.platform !== 'win32';

for (const way of ['sendPast', 'send'] as const) {
  test(
    `a process that does not read gets the socket that it was sent, though that was closed: ${way}`,
    { skip: !isUnix, timeout: 30_000 },
    async () => {
      const child = spawn(process.execPath, ['-e', receiver], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      const others: Server[] = [];
      try {
        const channel = new Channel<object>(child, () => {}, {});
        // A write from which the way to write is learned, and the word of the other end.
        await once(child, 'internalMessage');
        child.kill('SIGSTOP');
        for (let nth = 0; nth < FILLERS; nth++) channel.send({ filler });
        const { handle, port } = await listen();
        channel[way]({ type: 'handoff' }, handle);
        handle.close();
        // What is made next takes the memory of what was closed.
        await new Promise((resolve) => setImmediate(resolve));
        for (let nth = 0; nth < 20; nth++) others.push((await listen()).server);
        child.kill('SIGCONT');
        assert.equal(await portOf(child), port);
      } finally {
        child.kill('SIGKILL');
        for (const server of others) server.close();
      }
    },
  );
}

for (const way of ['sendPast', 'send'] as const) {
  test(
    `a socket on its way to a process that is killed is closed with it: ${way}`,
    { skip: !isUnix, timeout: 30_000 },
    async () => {
      const child = spawn(process.execPath, ['-e', receiver], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      const channel = new Channel<object>(child, () => {}, {});
      await once(child, 'internalMessage');
      child.kill('SIGSTOP');
      for (let nth = 0; nth < FILLERS; nth++) channel.send({ filler });
      const { handle } = await listen();
      channel[way]({ type: 'handoff' }, handle);
      const closed = new Promise<void>((resolve) => handle.close(resolve));
      child.kill('SIGKILL');
      await closed;
    },
  );
}
