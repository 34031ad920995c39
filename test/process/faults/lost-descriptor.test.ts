/**
 * Tests a connection that is handed to a worker without a free descriptor. The kernel drops the connection on its way,
 * and tells no process.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../../src/control/controls.ts';
import { serve, type App } from '../../support/app.ts';
import { ask } from '../../support/http.ts';
import { certificate } from '../../support/paths.ts';
import { poll } from '../../support/watched.ts';

const CLIENTS = 32;

/**
 * Sets the limit of a running process, as `ulimit -n` does at its start. The process keeps the descriptors that it has.
 */
function limitDescriptors(pid: number, most: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${most}:`]);
}

/**
 * Settles with the slot that answered, or with nothing when the connection was closed. The promise stays pending if the
 * request hangs.
 */
function visit(port: number, sockets: Socket[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(undefined));
    socket.on('data', (text: string) => resolve(/^\d/.exec(text)?.[0]));
    socket.write('hello\n');
  });
}

async function refused(app: App): Promise<number> {
  const status = JSON.parse(await ask({ socketPath: app.controlSockets[0]! }, '/status')) as Status;
  return status.balance.handoffs.refused;
}

test('whoever sent it serves it', { skip: process.platform !== 'linux' && 'prlimit is of Linux' }, async () => {
  const options = ['--workers', '2', '--balance', 'least-connections'];
  await using app = await serve({ entry: 'everyone.js', env: certificate, options });
  await app.event('listening', {}, 3);
  const { port } = app.targets[2] as { port: number };
  const sockets: Socket[] = [];
  limitDescriptors(app.worker(1), 1);
  const visits: Array<Promise<string | undefined>> = [];
  for (let nth = 0; nth < CLIENTS; nth++) {
    visits.push(visit(port, sockets));
    await delay(5);
  }
  await poll(async () => (await refused(app)) || undefined, 'a handoff that is refused');
  assert.deepEqual((await Promise.race(visits)) ?? '0', '0', 'slot 1 cannot have served any');
  // The connections that the kernel has queued for it wait for that.
  limitDescriptors(app.worker(1), 1024);
  const answers = await Promise.all(visits);
  for (const socket of sockets) socket.destroy();
  assert.ok(answers.filter((slot) => slot === '0').length > 0);
});
