/** What a balancer sees of a server that stops: that it is not ready, at its own port, while every request is still answered. */
import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { test } from 'node:test';
import { serve, type App } from '../../support/app.ts';
import { runCommand } from '../../support/command.ts';
import { get, type Answer } from '../../support/http.ts';
import { certificate } from '../../support/paths.ts';
import { freePort } from '../../support/platform.ts';

const host = '127.0.0.1';
const kinds = ['HTTP', 'HTTPS', 'H2C', 'OWN', 'EXPRESS'] as const;
type Kind = (typeof kinds)[number];

async function serveKinds(
  options: readonly string[],
): Promise<{ app: App; ask: (kind: Kind, path: string) => Promise<Answer> }> {
  const ports = new Map<Kind, number>();
  for (const kind of kinds) ports.set(kind, await freePort());
  const variables = [...ports].map(([kind, port]) => [kind === 'HTTP' ? 'PORT' : `${kind}_PORT`, `${port}`]);
  const env = { ...Object.fromEntries(variables), ...certificate };
  const app = await serve({ entry: 'knows-of-the-stop.mjs', options, env });
  const ask = (kind: Kind, path: string): Promise<Answer> => {
    const target = { host, port: ports.get(kind)! };
    return kind === 'H2C'
      ? askHttp2(target.port, path)
      : get(target, { path, tls: kind === 'HTTPS', headers: { connection: 'keep-alive' } });
  };
  return { app, ask };
}

/** Asks over HTTP/2, and tells the status too. */
async function askHttp2(port: number, path: string): Promise<Answer> {
  const session = connectHttp2(`http://${host}:${port}`);
  const stream = session.request({ ':path': path });
  let [status, body] = [0, ''];
  stream.on('response', (headers) => void (status = Number(headers[':status'])));
  stream.setEncoding('utf8').on('data', (text: string) => void (body += text));
  await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
  session.close();
  return { status, headers: {}, body };
}

test('the health path says what /readyz says, on each kind of server, and the application does not see it', async () => {
  const { app, ask } = await serveKinds(['--workers', '2', '--drain-delay', '1h', '--health-path', '/-/health']);
  await using _app = app;
  const readyz = (): Promise<Answer> => get({ socketPath: app.controlSockets[0]! }, { path: '/readyz' });
  for (const kind of kinds) {
    const { status, body } = await ask(kind, '/-/health?by=test');
    assert.deepEqual([status, body], [200, (await readyz()).body], kind);
    assert.match((await ask(kind, '/')).body, /^false false/);
  }

  app.signal('SIGTERM');
  await app.output(/(?:[^]*stopping \d true false\n){2}/);
  for (const kind of kinds) {
    const health = await ask(kind, '/-/health');
    assert.deepEqual([health.status, health.body], [503, (await readyz()).body], kind);
    // Each worker answers, to new connections, and says that they end.
    for (let count = 0; count < 4; count++) {
      const { status, body, headers } = await ask(kind, '/again');
      assert.equal(status, 200);
      assert.match(body, /^true false/, kind);
      if (kind !== 'H2C') assert.equal(headers.connection, 'close', kind);
    }
  }
  assert.doesNotMatch(app.stdout, /health/);
  // A worker that is started in the delay has to know as well.
  process.kill(app.worker(0), 'SIGKILL');
  await app.event('worker ready', { slot: '0' }, 2);
  await app.output(/(?:[^]*stopping \d true false\n){3}/);

  // Neither another stop nor a signal after a command ends the delay.
  const again = runCommand(app, 'stop');
  assert.match((await ask('HTTP', '/')).body, /^true false/);
  assert.doesNotMatch(app.stdout, /draining/);
  const now = await runCommand(app, 'stop', '--now');
  assert.equal(now.code, 0, now.stderr);
  assert.equal((await again).code, 0);
  assert.deepEqual(await app.exit(), { code: 0, signal: null });
});

test('without a delay the workers know that the server stops when they drain, and not in a reload', async () => {
  await using app = await serve({
    entry: 'knows-of-the-stop.mjs',
    options: ['--workers', '1', '--drain-timeout', '1s'],
  });
  app.signal('SIGHUP');
  await app.output(/draining 0 false/);
  await app.event('reload done');
  assert.doesNotMatch(app.stdout, /stopping/);
  app.signal('SIGTERM');
  await app.output(/stopping 0 true (?:true|false)\n[^]*draining 0 true|draining 0 true\n[^]*stopping 0 true/);
  assert.deepEqual(await app.exit(), { code: 0, signal: null });
});
