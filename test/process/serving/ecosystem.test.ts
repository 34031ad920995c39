/**
 * Tests real servers from npm, none of them changed: two workers of each answer. The servers cannot show their pids,
 * but the scoreboard can.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader } from '../../../src/scoreboard/reader.ts';
import { serve, type App } from '../../support/app.ts';
import { get } from '../../support/http.ts';
import { filesOfPrimary } from '../../support/leftovers.ts';
import { packageCommand } from '../../support/paths.ts';
import { freePort } from '../../support/platform.ts';
import { poll } from '../../support/watched.ts';

interface RealServer {
  readonly package: string;
  /** The command, when its name is not the package's. */
  readonly command?: string;
  /** The arguments, with port 0 where the program accepts that. */
  readonly args: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly answers: RegExp;
}

const page = { 'public/index.html': '<h1>hello</h1>' };
const port = String(await freePort());

const realServers: readonly RealServer[] = [
  { package: 'http-server', args: ['public', '-p', port, '-a', '127.0.0.1'], files: page, answers: /<h1>hello<\/h1>/ },
  { package: 'serve', args: ['-l', 'tcp://127.0.0.1:0', 'public'], files: page, answers: /<h1>hello<\/h1>/ },
  { package: 'sirv-cli', command: 'sirv', args: ['public', '--port', '0'], files: page, answers: /<h1>hello<\/h1>/ },
  {
    package: 'local-web-server',
    command: 'ws',
    args: ['--port', '0', '--directory', 'public'],
    files: page,
    answers: /<h1>hello<\/h1>/,
  },
  {
    package: '@11ty/eleventy-dev-server',
    command: 'eleventy-dev-server',
    args: ['--dir=public', '--port=0'],
    files: page,
    answers: /<h1>hello<\/h1>/,
  },
  {
    package: 'json-server',
    args: ['--port', '0', 'data.json'],
    files: { 'data.json': '{"posts":[{"id":1,"title":"hello"}]}' },
    path: '/posts/1',
    answers: /"title": "hello"/,
  },
  {
    package: 'micro',
    args: ['--listen', 'unix:micro.sock', 'handler.js'],
    files: { 'handler.js': 'module.exports = () => "hello";' },
    answers: /^hello$/,
  },
  {
    package: 'fastify-cli',
    command: 'fastify',
    args: ['start', '--port', '0', 'plugin.js'],
    files: { 'plugin.js': 'module.exports = async (app, options) => app.get("/", async () => "hello");' },
    answers: /^hello$/,
  },
  { package: 'peer', command: 'peerjs', args: ['--port', '0'], answers: /"PeerJS Server"/ },
  {
    package: 'oauth2-mock-server',
    args: ['-a', '127.0.0.1', '-p', '0'],
    path: '/.well-known/openid-configuration',
    answers: /"token_endpoint"/,
  },
  {
    package: 's3rver',
    args: ['--directory', 'data', '--port', '0', '--silent'],
    files: { 'data/file': '' },
    answers: /<ListAllMyBucketsResult/,
  },
];

const REQUESTS = 200;

for (const { package: name, command, args, files = {}, path = '/', answers } of realServers) {
  test(`${name}: ${REQUESTS} requests, all answered, by two workers`, async () => {
    const entry = packageCommand(name, command);
    await using app = await serve({ entry, args, files, options: ['--workers', '2'] });
    for (let request = 0; request < REQUESTS; request++) {
      const { status, body } = await get(app.target, { path });
      assert.equal(status, 200);
      assert.match(body, answers);
    }
    const accepted = await acceptedByPid(app, REQUESTS);
    assert.deepEqual(new Set(accepted.keys()), new Set(app.workers.values()));
    for (const count of accepted.values()) assert.ok(count > REQUESTS / 10, [...accepted.values()].join(' and '));
    assert.equal(app.events('listening').length, 1, 'on one address');

    assert.deepEqual(await app.stop(), { code: 0, signal: null });
    assert.deepEqual(app.events('killing workers'), [], 'and it stops by itself');
  });
}

/**
 * Returns the connections that each worker has accepted, once they add up to `total`. The scoreboard is written at
 * every beat.
 */
async function acceptedByPid(app: App, total: number): Promise<Map<number, number>> {
  const [file] = filesOfPrimary(app.pid);
  const board = Reader.open(file!);
  try {
    return await poll(() => {
      const rows = board.readAll().flatMap((row) => row ?? []);
      const sum = rows.reduce((before, { connectionsAccepted }) => before + connectionsAccepted, 0);
      return sum < total ? undefined : new Map(rows.map(({ pid, connectionsAccepted }) => [pid, connectionsAccepted]));
    }, `${total} accepted connections on the scoreboard`);
  } finally {
    board.close();
  }
}
