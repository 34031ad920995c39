/**
 * Tests a hostile worker that wants to write to root's terminal, as another user and through everything that prints.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve, startApp } from '../support/app.ts';
import { noOtherUser } from '../support/platform.ts';
import { poll } from '../support/watched.ts';

const skip = noOtherUser;

const NASTY = '\\x1b]0;PWNED\\x07\\x1b[31m\\x9b2J\\u2028\\u202e\\nprefork: all is well';

/**
 * Listens at a name of the abstract namespace, ends with an error, and writes to stderr. All three texts are passed
 * around.
 */
const app = `
const { createServer } = require('node:net');
createServer().listen('\\0evil${NASTY}');
process.on('message', () => {});
if (process.env.PREFORK_GENERATION !== '1') {
  console.error('${NASTY}');
  throw new Error('boom ${NASTY}');
}
setTimeout(() => process.exit(3), 300).unref();
`;

// oxlint-disable-next-line no-misleading-character-class -- these characters must not occur
const dangerous =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]|^prefork: all is well/m;

for (const format of ['text', 'json']) {
  test(`nothing that a worker says is obeyed by a terminal, log as ${format}`, { skip }, async () => {
    await using server = await startApp({
      entry: './app.cjs',
      files: { 'app.cjs': app },
      isOpen: true,
      options: ['--workers', '1', '--user', 'nobody', '--name', 'api', '--log-format', format],
    });
    await poll(() => /ready.*workers|"event":"ready"/.exec(server.stderr) ?? undefined, 'the server');
    const env = { PREFORK_RUNTIME_DIR: server.directory };
    for (const options of [['status'], ['status', '--json'], ['reload'], ['status'], ['top']]) {
      await using command = await startApp({ options: [...options, '--name', 'api'], env });
      if (options[0] === 'top') {
        await command.output(/req\/s/);
        command.signal('SIGKILL');
      }
      await command.exit();
      const printed = command.stdout + command.stderr;
      assert.notEqual(printed, '');
      assert.doesNotMatch(printed, dangerous, options.join(' '));
    }
    // The worker may print anything itself. The log consists of the lines of prefork.
    const own = server.stderr.split('\n').filter((line) => line.startsWith(format === 'text' ? 'prefork: ' : '{'));
    assert.ok(own.length > 3);
    for (const line of own.filter((one) => one !== 'prefork: all is well')) assert.doesNotMatch(line, dangerous);
    server.signal('SIGTERM');
    await server.exit();
  });
}

test('a line of the log stays one line, whatever the application listens at', { skip }, async () => {
  await using server = await serve({
    entry: './app.cjs',
    files: { 'app.cjs': "require('node:net').createServer().listen('\\0a\\nprefork: ready');" },
    isOpen: true,
    options: ['--workers', '1', '--user', 'nobody'],
  });
  const { fields } = await server.event('listening');
  assert.match(fields['address']!, /a/);
  assert.equal(server.stderr.split('\n').filter((line) => line === 'prefork: ready').length, 0);
});

test('a file or a pipe has what a worker prints as it was written', { skip }, async () => {
  const text = '\u001B]0;title\u0007\u001B[31mred\u001B[0m\n';
  await using server = await serve({
    entry: './app.cjs',
    files: {
      'app.cjs': `console.log(${JSON.stringify(text.trimEnd())}); require('node:http').createServer().listen(0);`,
    },
    isOpen: true,
    options: ['--workers', '1', '--user', 'nobody'],
  });
  await poll(() => server.stdout.includes(text) || undefined, 'what it prints');
});
