/** Libraries that a server uses: loaders, logs, databases, queues. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Redis } from '../../support/redis.ts';
import type { Beside, Framework } from './framework.ts';

async function redis(): Promise<Beside> {
  const server = await Redis.start();
  return {
    env: { REDIS_PORT: String(server.port) },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Whether what was written, a line or row for each request, is at least what was answered. */
function complete(what: string, written: number, answered: number): string | undefined {
  return written >= answered ? undefined : `${answered - written} of ${answered} ${what} are missing`;
}

export const libraries: readonly Framework[] = [
  {
    name: 'tsx',
    packages: ['tsx'],
    files: {
      'server.ts': `import { createServer, type Server } from 'node:http';
enum Word { Hello = 'Hello' }
const server: Server = createServer((_request, response) => response.end(Word.Hello));
server.listen(process.env.PORT);`,
    },
    starts: [{ by: '`--import tsx`', entry: 'server.ts', options: ['--import', 'tsx'] }],
  },
  {
    name: 'OpenTelemetry',
    packages: ['@opentelemetry/auto-instrumentations-node', '@opentelemetry/api'],
    files: {
      'server.cjs': `const { createServer } = require('node:http');
const { trace } = require('@opentelemetry/api');
createServer((_request, response) => {
  response.end(\`trace \${trace.getActiveSpan()?.spanContext().traceId}\`);
}).listen(process.env.PORT);`,
    },
    starts: [
      {
        by: '`--require`',
        entry: 'server.cjs',
        options: ['--require', '@opentelemetry/auto-instrumentations-node/register'],
        env: () => ({
          OTEL_TRACES_EXPORTER: 'none',
          OTEL_METRICS_EXPORTER: 'none',
          OTEL_LOGS_EXPORTER: 'none',
          OTEL_NODE_RESOURCE_DETECTORS: 'env',
        }),
      },
    ],
    requests: [{ status: 200, check: ({ body }) => assert.match(body.toString(), /^trace [0-9a-f]{32}$/) }],
  },
  {
    name: 'pino, by a transport',
    packages: ['pino'],
    files: {
      'server.mjs': `import { createServer } from 'node:http';
import { pino } from 'pino';
const log = pino(pino.transport({ target: 'pino/file', options: { destination: 'app.log' } }));
createServer((_request, response) => {
  log.info('served');
  response.end('Hello');
}).listen(process.env.PORT);`,
    },
    starts: [{ entry: 'server.mjs' }],
    after: (home, answered) => {
      const lines = readFileSync(join(home, 'app.log'), 'utf8').match(/"msg":"served"/g) ?? [];
      return complete('lines', lines.length, answered);
    },
  },
  {
    name: 'BullMQ',
    packages: ['bullmq', 'ioredis'],
    files: {
      'server.mjs': `import { createServer } from 'node:http';
import { Queue, QueueEvents, Worker } from 'bullmq';
const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
const queue = new Queue('greetings', { connection });
const events = new QueueEvents('greetings', { connection });
const worker = new Worker('greetings', async () => 'Hello', { connection });
await events.waitUntilReady();
const server = createServer(async (_request, response) => {
  try {
    const job = await queue.add('greet', {});
    response.end(await job.waitUntilFinished(events, 9000));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(process.env.PORT);
process.on('SIGTERM', async () => {
  await new Promise((resolve) => server.close(resolve));
  await worker.close();
  process.exit(0);
});`,
    },
    starts: [{ entry: 'server.mjs' }],
    beside: redis,
  },
  {
    name: 'better-sqlite3',
    packages: ['better-sqlite3'],
    isNative: true,
    files: {
      'server.mjs': `import { createServer } from 'node:http';
import Database from 'better-sqlite3';
const database = new Database('app.db', { timeout: 5000 });
database.pragma('journal_mode = WAL');
database.exec('CREATE TABLE IF NOT EXISTS visits (at REAL)');
const insert = database.prepare('INSERT INTO visits VALUES (?)');
createServer((_request, response) => {
  insert.run(Date.now());
  response.end('Hello');
}).listen(process.env.PORT);`,
    },
    starts: [{ entry: 'server.mjs' }],
    after: (home, answered) => {
      const Database = createRequire(join(home, 'package.json'))('better-sqlite3') as new (file: string) => {
        prepare(sql: string): { pluck(): { get(): number } };
      };
      const rows = new Database(join(home, 'app.db')).prepare('SELECT count(*) FROM visits').pluck().get();
      return complete('rows', rows, answered);
    },
  },
];
