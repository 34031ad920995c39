import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type RequestListener, type Server } from 'node:http';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve, startApp, type App } from '../../support/app.ts';

/** Has the app write a line. */
async function say(app: App, line: string | Buffer): Promise<void> {
  const path = `/${Buffer.from(line).toString('hex')}`;
  await new Promise<void>((resolve, reject) => {
    get({ ...app.target, path }, (response) => response.resume().once('end', resolve)).once('error', reject);
  });
}

async function logs(app: App, ...argv: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using command = await startApp({ options: ['logs', ...argv], env: { PREFORK_RUNTIME_DIR: app.directory } });
  const { code } = await command.exit();
  return { code, stdout: command.stdout, stderr: command.stderr };
}

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

test('--log-time writes the time before each line, and logs shows the last ones', async () => {
  await using app = await startApp({ entry: 'says.js', options: ['-w1', '--log-time'] });
  await app.output(new RegExp(`^${TIME} prefork: ready `, 'm'), 'stderr');
  const [, address] = await app.output(/listening address=(\S+)/, 'stderr');
  const port = Number(address!.slice(address!.lastIndexOf(':') + 1));
  const path = `/${Buffer.from('hello').toString('hex')}`;
  get({ port, path }, (response) => response.resume());
  await app.output(new RegExp(`^${TIME} hello\n$`));
  const { code, stdout, stderr } = await logs(app);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, new RegExp(`^${TIME} prefork: ready [^\n]*\n${TIME} \\[0\\] hello\n$`, 'm'));
  assert.match((await logs(app, '--worker', '0')).stdout, new RegExp(`^${TIME} \\[0\\] hello\n$`));
  assert.equal((await logs(app, '--worker', '1')).stdout, '');
});

test('the line of a worker without a slot is no line of prefork’s', async () => {
  const code = `
    console.log('prefork: reload done gen=9');
    require('http').createServer((q, s) => s.end()).listen(process.env.PORT);`;
  const options = ['-w1', '--spares', '1', '--prefix-output'];
  await using app = await serve({ entry: './app.cjs', files: { 'app.cjs': code }, options });
  await app.output(/^\[spare\] prefork: reload done gen=9\n/m);
  const { code: exit, stdout } = await logs(app);
  assert.equal(exit, 0);
  const lines = stdout.split('\n').filter((line) => line.includes('reload done'));
  assert.deepEqual(lines.map((line) => line.replace(new RegExp(`^${TIME} `), '')).toSorted(), [
    '[0] prefork: reload done gen=9',
    '[spare] prefork: reload done gen=9',
  ]);
});

test('what a worker writes does not steer the terminal, and keeps its colours', async () => {
  await using app = await serve({ entry: 'says.js', options: ['-w1', '--prefix-output'] });
  await say(app, '\u001b[31mred\u001b[0m \u001b]0;title\u0007\u001b[2J');
  await say(app, Buffer.from([0xff, 0x00, 0x9b]));
  await say(app, 'x'.repeat(5000));
  const { stdout } = await logs(app, '--worker', '0');
  const [colours, binary, long] = stdout.split('\n');
  assert.ok(colours!.endsWith('\u001b[31mred\u001b[0m \\u001b]0;title\\u0007\\u001b[2J'), JSON.stringify(colours));
  assert.ok(binary!.endsWith('\uFFFD\\u0000\uFFFD'), JSON.stringify(binary));
  assert.ok(long!.length > 4096 && long!.length < 4200);
});

test('-f shows what follows, until the server ends', async () => {
  await using app = await serve({ entry: 'says.js', options: ['-w1', '--prefix-output'] });
  await using command = await startApp({ options: ['logs', '-f'], env: { PREFORK_RUNTIME_DIR: app.directory } });
  await command.output(/prefork: ready/);
  await say(app, 'first');
  await command.output(/\[0\] first\n/);
  await say(app, 'second');
  await command.output(/\[0\] second\n/);
  await app.stop();
  assert.deepEqual(await command.exit(), { code: 0, signal: null });
  assert.equal(command.stdout.match(/first/g)!.length, 1, 'each line once');
});

test('without pipes the log alone is kept, and the command says so', async () => {
  await using app = await serve({ entry: 'says.js', options: ['-w1'] });
  await say(app, 'unseen');
  const { code, stdout, stderr } = await logs(app);
  assert.equal(code, 0);
  assert.match(stdout, / prefork: ready /);
  assert.doesNotMatch(stdout, /unseen/);
  assert.match(stderr, /keeps only the lines of its own log; --log-time or --prefix-output/);
});

const wrong: ReadonlyArray<[argv: string[], code: number, says: RegExp]> = [
  [['--worker', 'x'], 2, /--worker: expected a whole number from 0 to 1023, got "x"/],
  [['--worker', '-1'], 2, /--worker: expected a whole number/],
  [['--worker', '1024'], 2, /--worker: expected a whole number/],
  [['--worker'], 2, /--worker: expected a value/],
  [['-g'], 2, /unknown option -g/],
  [['none'], 3, /no server/],
];
for (const [argv, code, says] of wrong) {
  test(`used wrongly: logs ${argv.join(' ')}`, async () => {
    await using command = await startApp({ options: ['logs', ...argv] });
    assert.equal((await command.exit()).code, code);
    assert.match(command.stderr, says);
  });
}

/** Starts a server that has the name `old`, and no process of prefork's behind it. */
async function impostor(onRequest: RequestListener): Promise<{ server: Server; directory: string } & AsyncDisposable> {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-machine-'));
  const sockets = join(directory, `prefork-${process.geteuid!()}`);
  mkdirSync(sockets, { mode: 0o700 });
  const server = createServer(onRequest).listen(join(sockets, 'old.sock'));
  await once(server, 'listening');
  const dispose = async (): Promise<void> => {
    server.close();
    rmSync(directory, { recursive: true });
  };
  return { server, directory, [Symbol.asyncDispose]: dispose };
}

test('-f ends well where the server ends while it is asked', async () => {
  let asked = 0;
  await using old = await impostor((request, response) => {
    if (request.url!.startsWith('/logs') && asked++ > 0) {
      old.server.close();
      request.socket.destroy();
    } else response.end('{"lines":[],"next":0,"dropped":0,"hasWorkers":true}');
  });
  await using command = await startApp({ options: ['logs', '-f'], env: { PREFORK_RUNTIME_DIR: old.directory } });
  assert.deepEqual([await command.exit(), command.stderr], [{ code: 0, signal: null }, '']);
});

for (const answer of ['{"lines":[{"at":1}],"next":0,"dropped":0}', '{"ok":false,"reason":"no such route"}', '[]']) {
  test(`an answer that has no lines is an error: ${answer}`, async () => {
    await using old = await impostor((_, response) => response.end(answer));
    await using command = await startApp({ options: ['logs'], env: { PREFORK_RUNTIME_DIR: old.directory } });
    assert.equal((await command.exit()).code, 1);
    assert.match(command.stderr, /^prefork: old keeps no lines that this prefork can read\n$/);
  });
}
