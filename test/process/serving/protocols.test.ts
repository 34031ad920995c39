/** Tests servers of every kind that node has, with two workers. */
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { serve, type Target } from '../../support/app.ts';
import { ask, askHttp2, askSocket, askTls, distinct, get } from '../../support/http.ts';
import { certificate } from '../../support/paths.ts';
import { sharings } from '../../support/platform.ts';

const env = { ...certificate };

/** The protocols. Each server answers with its pid, and perhaps more after a space. */
const protocols: ReadonlyArray<{ entry: string; by: string; question: (target: Target) => Promise<string> }> = [
  { entry: 'hello.js', by: 'HTTP', question: ask },
  { entry: 'http-server.js', by: 'HTTP', question: ask },
  { entry: 'https.js', by: 'HTTPS', question: askTls },
  { entry: 'http2-secure.js', by: 'HTTP/2', question: (target) => askHttp2(target, 'https:') },
  { entry: 'http2-secure.js', by: 'HTTPS', question: askTls },
  { entry: 'h2c.js', by: 'HTTP/2', question: (target) => askHttp2(target, 'http:') },
  { entry: 'net-echo.js', by: 'TCP', question: (target) => askSocket(target, 'word') },
  { entry: 'tls-echo.js', by: 'TLS', question: (target) => askSocket(target, 'word', { tls: true }) },
];
for (const sharing of sharings) {
  for (const { entry, by, question } of protocols) {
    test(`${entry} by ${by}, ${sharing}`, async () => {
      await using app = await serve({ entry, env, options: ['--workers', '2', '--sharing', sharing] });
      const answers = await distinct(2, () => question(app.target));
      const pids = [...answers].map((answer) => Number(answer.split(' ')[0]));
      assert.deepEqual(new Set(pids), new Set(app.workers.values()));
    });
  }
}

test('a connection that is kept alive stays with its worker', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--migrate', 'on'] });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const pids = new Set<string>();
  for (let request = 0; request < 50; request++) pids.add((await get(app.target, { agent })).body);
  agent.destroy();
  assert.equal(pids.size, 1);
});

test('a TLS session made with one worker is resumed by the other', async () => {
  for (const sharing of sharings) {
    await using app = await serve({ entry: 'tls-echo.js', env, options: ['--workers', '2', '--sharing', sharing] });
    const first = await tlsExchange(app.target);
    const later = new Map<string, boolean>();
    while (later.size < 2) {
      const { pid, isResumed } = await tlsExchange(app.target, first.session);
      later.set(pid, isResumed);
    }
    assert.deepEqual([...later.values()], [true, true], sharing);
  }
});

interface TlsExchange {
  readonly pid: string;
  readonly isResumed: boolean;
  readonly session: Buffer;
}

/** Sends a line over TLS, with the session of an earlier connection if there is one. */
function tlsExchange(target: Target, resumed?: Buffer): Promise<TlsExchange> {
  return new Promise((resolve, reject) => {
    const { host, port } = target as { host: string; port: number };
    const socket = connect({ host, port, rejectUnauthorized: false, ...(resumed && { session: resumed }) });
    let session = resumed ?? Buffer.alloc(0);
    let answer = '';
    socket.on('session', (ticket) => (session = ticket));
    socket.on('data', (chunk) => (answer += chunk));
    socket.once('error', reject);
    socket.once('end', () => resolve({ pid: answer.split(' ')[0]!, isResumed: socket.isSessionReused(), session }));
    socket.write('word\n');
  });
}
