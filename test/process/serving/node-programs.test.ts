/**
 * Tests small programs in the style of Node's documentation: in a worker they print what they print when node alone
 * runs them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { ownSharings } from '../../support/platform.ts';

interface Program {
  readonly what: string;
  readonly code: string;
}

/** The programs. Each ends by itself and prints at least one line. */
const programs: readonly Program[] = [
  {
    what: 'a server has no listener that the application did not add',
    code: `const server = require('node:net').createServer();
      const count = (when) => console.log(when, server.listenerCount('listening'));
      server.once('error', () => {
        server.listen(0, () => {
          count('listening');
          server.close(() => count('closed'));
        });
      });
      server.listen({ fd: 999 });`,
  },
  {
    what: 'a server that listens again and again, and is closed between',
    code: `const server = require('node:net').createServer();
      let times = 0;
      server.on('listening', () => server.close());
      server.on('close', () => {
        if (++times < 3) server.listen(0);
        else console.log(times, server.listenerCount('listening'));
      });
      server.listen(0);`,
  },
  {
    what: 'a descriptor that is not open is an error of listen',
    code: `require('node:net').createServer().on('error', ({ message, code, errno, syscall, address, port }) => {
        console.log(message, { code, errno, syscall, address, port });
      }).listen({ fd: 999 });`,
  },
  {
    what: 'a UDP socket that is bound without a port has one',
    code: `const { createSocket } = require('node:dgram');
      const ways = [(socket, done) => socket.bind(done), (socket, done) => socket.bind(undefined, done),
        (socket, done) => socket.bind({}, done), (socket, done) => socket.bind(null, '127.0.0.1', done)];
      ways.forEach((bind, nth) => {
        const socket = createSocket('udp4');
        bind(socket, () => {
          const { address, port } = socket.address();
          socket.close(() => console.log(nth, address, port > 0));
        });
      });`,
  },
  {
    what: 'the port of a UDP socket may be what Node’s binding takes for a number',
    code: `const { createSocket } = require('node:dgram');
      const probe = createSocket('udp4').bind(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => next([String(port), port + 65_536, port + 0.5]));
        function next([given, ...rest]) {
          if (given === undefined) return;
          const socket = createSocket('udp4').bind(given, '127.0.0.1', () => {
            console.log(typeof given, socket.address().port - port);
            socket.close(() => next(rest));
          });
        }
      });`,
  },
];

for (const sharing of ownSharings) {
  for (const { what, code } of programs) {
    test(`${what}, ${sharing}`, async () => {
      const files = { 'app.cjs': code };
      await using alone = await startApp({ entry: './app.cjs', files, command: false });
      assert.deepEqual(await alone.exit(), { code: 0, signal: null });
      const options = ['--workers', '1', '--sharing', sharing, '--ready', 'start', '--settle', '1m'];
      await using app = await startApp({ entry: './app.cjs', files, options });
      await app.event('worker exited', { code: '0' });
      await app.exit();
      assert.notEqual(alone.stdout, '');
      assert.deepEqual(app.stdout.split('\n').toSorted(), alone.stdout.split('\n').toSorted());
      assert.deepEqual(app.events('bad message'), []);
    });
  }
}

test('a path that is longer than any can be is an error of listen', async () => {
  const code = `require('node:net').createServer().on('error', ({ code, syscall }) => console.log(code, syscall))
    .listen('/' + 'x'.repeat(10_000));`;
  const options = ['--workers', '1', '--ready', 'start', '--settle', '1m'];
  await using app = await startApp({ entry: './app.cjs', files: { 'app.cjs': code }, options });
  assert.deepEqual(await app.lines(1), ['EINVAL listen']);
  await app.exit();
  assert.deepEqual(app.events('bad message'), []);
});

test('a UDP socket that the process was to be started with is an error of bind', async () => {
  const code = `require('node:dgram').createSocket('udp4').on('error', ({ code, syscall }) => console.log(code, syscall))
    .bind({ fd: 999 });`;
  const options = ['--workers', '1', '--ready', 'start', '--settle', '1m'];
  await using app = await startApp({ entry: './app.cjs', files: { 'app.cjs': code }, options });
  assert.deepEqual(await app.lines(1), ['EBADF open']);
  await app.exit();
});
