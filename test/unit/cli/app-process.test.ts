import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import process from 'node:process';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppProcess } from '../../../src/cli/apps/app-process.ts';
import { NOBODY, noOtherUser } from '../../support/platform.ts';
import { Place } from '../control/helpers.ts';

/** No process has this pid. */
const NO_PID = 2 ** 30;

const place = new Place();
after(() => place[Symbol.dispose]());

/** Starts a server of another user that says that it is `blog`, and serves. */
async function impostor(): Promise<AsyncDisposable> {
  chmodSync(place.path, 0o755);
  process.env['PREFORK_RUNTIME_DIR'] = place.path;
  const directory = place.file(`prefork-${NOBODY}`);
  mkdirSync(directory, { mode: 0o700, recursive: true });
  const path = `${directory}/blog.sock`;
  const server = createServer((_, response) => response.end(JSON.stringify({ phase: 'serving', pid: NO_PID })));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  for (const file of [directory, path]) chownSync(file, NOBODY, NOBODY);
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function start(uid: number | undefined): AppProcess {
  return new AppProcess({ name: 'blog', argv: ['-e', ''], env: {}, isPiped: true, uid });
}

test('a server of another user is no app, whatever its name', { skip: noOtherUser }, async () => {
  await using _server = await impostor();
  const app = start(undefined);
  assert.equal(await app.find(), undefined);
  // The process has ended, and no other server stands in for it.
  assert.deepEqual(await app.ended, { code: 0, signal: null });
});

test(
  'an app whose user has something else listen under its name ends when it is killed',
  { skip: noOtherUser },
  async () => {
    await using _server = await impostor();
    const app = start(NOBODY);
    assert.equal((await app.find())?.owner?.uid, NOBODY);
    const ended = app.ended.then(() => 'ended');
    assert.equal(await Promise.race([ended, delay(500, 'followed')]), 'followed');
    app.kill();
    assert.equal(await ended, 'ended');
  },
);
