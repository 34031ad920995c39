/** Tests the places where root's commands and servers meet, and where other users would like to intervene. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve, startApp } from '../support/app.ts';
import { NOBODY, noOtherUser } from '../support/platform.ts';

const skip = noOtherUser;

/** A directory for what a test prepares. */
class Ground implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'prefork-ground-'));

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

async function run(options: readonly string[], env: Record<string, string | undefined>) {
  await using command = await startApp({ options, env });
  const { code } = await command.exit();
  return { code, stdout: command.stdout, stderr: command.stderr };
}

test('root’s socket is not in the XDG_RUNTIME_DIR of another user, as sudo -E and su leave it', { skip }, async () => {
  using ground = new Ground();
  chmodSync(ground.path, 0o755);
  const theirs = ground.file('runtime');
  mkdirSync(theirs, 0o700);
  chownSync(theirs, NOBODY, NOBODY);
  const name = `xdg-${process.pid}`;
  await using _server = await serve({
    entry: 'hello.js',
    options: ['--workers', '1', '--name', name],
    env: { XDG_RUNTIME_DIR: theirs },
  });
  assert.deepEqual(readdirSync(theirs), []);
  for (const env of [{ XDG_RUNTIME_DIR: theirs }, { XDG_RUNTIME_DIR: undefined }]) {
    assert.equal((await run(['status', '--name', name], env)).code, 0, JSON.stringify(env));
  }
});

test(
  'a directory that another user has made in the temporary directory keeps root from nothing',
  { skip },
  async () => {
    using ground = new Ground();
    chmodSync(ground.path, 0o1777);
    const squatted = ground.file('prefork-0');
    mkdirSync(squatted);
    chownSync(squatted, NOBODY, NOBODY);
    symlinkSync('/etc', ground.file('prefork-0-aaaaaa'));
    const env = { PREFORK_RUNTIME_DIR: ground.path };
    await using server = await serve({ entry: 'hello.js', options: ['--workers', '1', '--name', 'api'], env });
    assert.deepEqual(server.events('no control socket'), []);
    assert.deepEqual(readdirSync(squatted), []);
    const stopped = await run(['stop', '--name', 'api'], env);
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.deepEqual(await server.exit(), { code: 0, signal: null });
  },
);

test('root finds the server that it started as another user, and tells it what to do', { skip }, async () => {
  await using server = await serve({
    entry: './app.cjs',
    files: { 'app.cjs': 'require("node:http").createServer((_, r) => r.end()).listen(process.env.PORT);' },
    isOpen: true,
    options: ['--workers', '1', '--user', 'nobody', '--name', 'api'],
  });
  const [socket] = server.controlSockets;
  assert.equal(statSync(socket!).uid, NOBODY);
  const env = { PREFORK_RUNTIME_DIR: server.directory };
  for (const command of [['status'], ['reload'], ['scale', '2'], ['stack', '0'], ['stop']]) {
    const { code, stderr } = await run([...command, '--name', 'api'], env);
    assert.equal(code, 0, `${command.join(' ')}: ${stderr}`);
  }
});

test('a link in such a directory leads root to nothing that the user could not reach', { skip }, async () => {
  using ground = new Ground();
  chmodSync(ground.path, 0o755);
  const env = { PREFORK_RUNTIME_DIR: ground.path };
  await using root = await serve({ entry: 'hello.js', options: ['--workers', '1', '--name', 'root'], env });
  const theirs = ground.file(`prefork-${NOBODY}`);
  mkdirSync(theirs, 0o700);
  symlinkSync(ground.file('prefork-0/root.sock'), join(theirs, 'api.sock'));
  linkSync(ground.file('prefork-0/root.sock'), join(theirs, 'web.sock'));
  chownSync(theirs, NOBODY, NOBODY);
  const symbolic = await run(['stop', 'api'], env);
  assert.equal(symbolic.code, 3);
  assert.match(symbolic.stderr, /no server named api is running/);
  const hard = await run(['stop', 'web'], env);
  assert.equal(hard.code, 1);
  assert.match(hard.stderr, /EACCES/);
  assert.equal((await run(['status', '--name', 'root'], env)).code, 0, 'root’s own has heard nothing of it');
  assert.deepEqual(root.events('stopping'), []);
});

test('a directory of another user’s that root did not make is not looked into', { skip }, async () => {
  using ground = new Ground();
  chmodSync(ground.path, 0o1777);
  const theirs = ground.file(`prefork-${NOBODY}`);
  mkdirSync(theirs, 0o700);
  chownSync(theirs, NOBODY, NOBODY);
  symlinkSync('/dev/null', join(theirs, 'api.sock'));
  assert.equal((await run(['status'], { PREFORK_RUNTIME_DIR: ground.path })).code, 3);
});
