/** Tests that a worker has no descriptors open that are not its business. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../support/paths.ts';
import { noOtherUser } from '../support/platform.ts';
import { compromised, descriptorsOf, inside, serveAsNobody } from '../support/separated.ts';
import { poll } from '../support/watched.ts';

const notLinux = process.platform !== 'linux';

/** Root's own input is a worker's too, where it is root's. */
const cases = [
  { user: '', input: '', skip: notLinux },
  { user: '--user nobody', input: '<"$SECRET"', skip: notLinux || noOtherUser },
];

for (const { user, input, skip } of cases) {
  test(`a worker ${user} has no descriptor of what the primary was started with`, { skip }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'prefork-descriptors-'));
    chmodSync(directory, 0o755);
    const secret = join(directory, 'secret');
    writeFileSync(secret, '');
    writeFileSync(
      join(directory, 'app.cjs'),
      `const { readdirSync, readlinkSync } = require('node:fs');
     const link = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } };
     console.log(JSON.stringify(readdirSync('/proc/self/fd').map(link)));
     require('node:http').createServer().listen(0, '127.0.0.1', () => setTimeout(() => process.kill(process.ppid), 50));`,
    );
    try {
      // The numbers lie below and above the one at which libuv stops to look.
      const opened = [5, 17, 25, 40, 200].map((fd) => `${fd}<"$SECRET"`).join(' ');
      const script = `exec ${opened}; exec "$NODE" "$COMMAND" --workers 1 --log-level silent ${user} "$APP" ${input}`;
      const child = spawn('bash', ['-c', script], {
        env: {
          ...process.env,
          NODE: process.execPath,
          COMMAND: command,
          APP: join(directory, 'app.cjs'),
          SECRET: secret,
          PREFORK_RUNTIME_DIR: directory,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      await once(child, 'close');
      const links = JSON.parse(text) as string[];
      assert.ok(links.length > 3);
      assert.deepEqual(
        links.filter((link) => link.startsWith(directory)),
        [],
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

/** Sets the listening socket to block, and answers which it is, and what the flags of its open file description are then. */
const block = `const { readFileSync, readlinkSync } = require('node:fs');
const socket = process._getActiveHandles().find((one) => one.constructor.name === 'TCP');
socket.setBlocking(true);
return [readlinkSync('/proc/self/fd/' + socket.fd), /flags:\\s+(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + socket.fd, 'utf8'))[1]];`;

const O_NONBLOCK = 0o4000;
const blocks = (flags: string): boolean => (Number.parseInt(flags, 8) & O_NONBLOCK) === 0;

/** Whether what a process has open blocks those who read from it. */
function isBlocking(pid: number, what: string): boolean {
  const [fd] = [...descriptorsOf(pid)].find(([, link]) => link === what)!;
  return blocks(/flags:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))![1]!);
}

for (const sharing of ['shared', 'auto']) {
  const name = `a socket that a worker has set to block does not stay so, sharing ${sharing}`;
  test(name, { skip: notLinux || noOtherUser }, async () => {
    await using app = await serveAsNobody({
      files: { 'app.cjs': compromised },
      options: ['--sharing', sharing],
    });
    const { value, error } = await inside(app.target, block);
    assert.equal(error, undefined);
    const [what, flags] = value as [string, string];
    assert.ok(blocks(flags));
    await poll(() => !isBlocking(app.pid, what) || undefined, 'the flag', 10_000);
  });
}
