import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type { Status } from '../../../src/control/controls.ts';
import { serve, type App } from '../../support/app.ts';

/** Asks the control socket. @returns the status of the answer, and its body. */
async function ask(app: App, method: string, path: string, body?: object): Promise<[number | undefined, unknown]> {
  const [socketPath] = app.controlSockets;
  const asked = request({ socketPath, path, method });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const text = (await answer.setEncoding('utf8').toArray()).join('');
  return [answer.statusCode, JSON.parse(text)];
}

async function autoscaleOf(app: App): Promise<Status['autoscale']> {
  const [, status] = await ask(app, 'GET', '/status');
  return (status as Status).autoscale;
}

test('a range of workers: a person’s scale pauses it, and auto resumes it', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2..2'] });
  const { least, most, paused, last } = (await autoscaleOf(app))!;
  assert.deepEqual([least, most, paused, last], [2, 2, null, null]);
  app.signal('SIGTTIN');
  await app.event('scaled', { workers: '3' });
  assert.equal((await autoscaleOf(app))?.paused?.by, 'SIGTTIN');
  await ask(app, 'POST', '/scale', { auto: true });
  assert.equal((await autoscaleOf(app))?.paused, null);
  // There are no more than two again, as soon as the boot is ten seconds ago.
  await app.event('scaling', { from: '3', to: '2', reason: 'above the most' });
  await app.event('scaled', { workers: '2' });
});

test('a fixed number does not change by itself', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
  assert.equal(await autoscaleOf(app), null);
  const [code, outcome] = await ask(app, 'POST', '/scale', { auto: true });
  assert.equal(code, 409);
  assert.match((outcome as { reason: string }).reason, /start with --workers <min>\.\.<max>/);
});
