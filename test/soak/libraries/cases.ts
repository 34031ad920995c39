import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { App } from 'prefork/testing';
import { ask, distinct } from '../../support/http.ts';

/** How long something that may never come is waited for. */
const PATIENCE_MS = 3000;

export interface Attempt {
  /** What is done for it; undefined for the program as it is. */
  readonly by?: string;
  readonly server: string;
  /** The file of `--primary`. */
  readonly primary?: string;
  readonly options?: readonly string[];
  /** @default six requests are to be answered by 1 to 6 */
  readonly check?: (app: App, directory: string) => Promise<string>;
  /** Takes the number out of an answer. */
  readonly answer?: (text: string) => string;
  /** What docs/libraries.md says of it. */
  readonly expected: string;
}

export interface Library {
  readonly version: string;
  readonly needs?: readonly string[];
  /** The first is the program unchanged. */
  readonly attempts: readonly Attempt[];
}

const HALF = '`--primary`';

/** A server that answers with what `hit` calls back with, or with an error after a while. */
function counter(code: string): string {
  return `const cluster = require('node:cluster');
    ${code}
    require('node:http').createServer((request, response) => {
      const timer = setTimeout(() => response.end('nothing came'), ${PATIENCE_MS / 2});
      const answer = (text) => { clearTimeout(timer); response.end(String(text)); };
      hit(answer);
    }).listen(process.env.PORT);`;
}

/** The program as it is, and then with the library's half by `--primary`. */
function withHalf(code: string, primary: string, unchanged = 'does not work'): Attempt[] {
  const server = counter(code);
  return [
    { server, expected: unchanged },
    { by: HALF, server, primary: `const cluster = require('node:cluster'); ${primary}`, expected: 'works' },
  ];
}

/** Two workers serve. */
async function bothServe(app: App): Promise<string> {
  const answers = await Promise.race([distinct(2, () => ask(app.target)), delay(PATIENCE_MS)]);
  return answers === undefined ? 'does not work' : 'works';
}

/** Each worker has written its lines to the log of the library. */
async function isLogged(app: App, directory: string): Promise<string> {
  await ask(app.target);
  await delay(500);
  try {
    return /line of \d+/.test(readFileSync(join(directory, 'app.log'), 'utf8')) ? 'works' : 'does not work';
  } catch {
    return 'does not work';
  }
}

/** A line that one client says reaches clients of both workers. */
async function isHeardByAll(app: App): Promise<string> {
  const pids = new Set<string>();
  const heard: Socket[] = [];
  const all: Socket[] = [];
  try {
    while (pids.size < 2) {
      const socket = connect(app.targets[1] as { port: number });
      all.push(socket);
      const lines = createInterface({ input: socket });
      lines.on('line', (line) => line === 'said' && heard.push(socket));
      pids.add(await new Promise<string>((resolve) => lines.once('line', resolve)));
    }
    all[0]!.write('say\n');
    const until = performance.now() + PATIENCE_MS;
    while (heard.length < all.length && performance.now() < until) await delay(20);
    return heard.length === all.length ? 'works' : 'each worker for itself';
  } finally {
    for (const socket of all) socket.destroy();
  }
}

/** Socket.IO in memory: clients over a plain socket stand for those over WebSocket. */
const SOCKET_IO = `
  const { createServer } = require('node:http');
  const { Server } = require('socket.io');
  const http = createServer((request, response) => response.end('x'));
  const io = new Server(http);
  ADAPTER
  http.listen(process.env.PORT);
  require('node:net').createServer((socket) => {
    socket.write(process.pid + '\\n');
    socket.on('data', () => { io.serverSideEmit('say'); say(); });
    socket.on('error', () => {});
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  }).listen(0);
  const sockets = new Set();
  const say = () => { for (const socket of sockets) socket.write('said\\n'); };
  io.on('say', say);`;

const LOG4JS = (more: string): string => `
  const log4js = require('log4js');
  log4js.configure({ appenders: { file: { type: 'file', filename: 'app.log' } },
    categories: { default: { appenders: ['file'], level: 'info' } }${more} });`;
const LOGS = `
  require('node:http').createServer((request, response) => {
    log4js.getLogger().info('line of ' + process.pid);
    response.end('x');
  }).listen(process.env.PORT);`;

const SERVE = `require('node:http').createServer((request, response) => response.end(String(process.pid)))`;

export const libraries: Readonly<Record<string, Library>> = {
  log4js: {
    version: '6.9',
    attempts: [
      { server: LOG4JS('') + LOGS, check: isLogged, expected: 'does not work' },
      {
        by: '`disableClustering: true`',
        server: LOG4JS(', disableClustering: true') + LOGS,
        check: isLogged,
        expected: 'works',
      },
      { by: HALF, server: LOG4JS('') + LOGS, primary: LOG4JS(''), check: isLogged, expected: 'works' },
    ],
  },
  'rate-limiter-flexible': {
    version: '11',
    attempts: withHalf(
      `const { RateLimiterCluster } = require('rate-limiter-flexible');
       const limiter = new RateLimiterCluster({ keyPrefix: 'a', points: 100, duration: 60, timeoutMs: 1000 });
       const hit = (answer) => limiter.consume('a').then((result) => answer(result.consumedPoints), answer);`,
      `const { RateLimiterClusterMaster } = require('rate-limiter-flexible'); new RateLimiterClusterMaster();`,
    ),
  },
  '@socket.io/cluster-adapter': {
    version: '0.3',
    needs: ['socket.io@4'],
    attempts: [
      {
        server: SOCKET_IO.replace('ADAPTER', `io.adapter(require('@socket.io/cluster-adapter').createAdapter());`),
        check: isHeardByAll,
        expected: 'each worker for itself',
      },
      {
        by: HALF,
        server: SOCKET_IO.replace('ADAPTER', `io.adapter(require('@socket.io/cluster-adapter').createAdapter());`),
        primary: `require('@socket.io/cluster-adapter').setupPrimary();`,
        check: isHeardByAll,
        expected: 'works',
      },
    ],
  },
  '@socket.io/sticky': {
    version: '1',
    needs: ['socket.io@4'],
    attempts: [
      {
        server: `const http = require('node:http').createServer();
          const io = new (require('socket.io').Server)(http); require('@socket.io/sticky').setupWorker(io);`,
        check: bothServe,
        expected: 'does not start',
      },
      {
        by: '`--balance sticky-ip`, and `listen()` in its place',
        server: `const http = ${SERVE}; new (require('socket.io').Server)(http); http.listen(process.env.PORT);`,
        options: ['--balance', 'sticky-ip'],
        check: async (app) => ((await ask(app.target)) === (await ask(app.target)) ? 'works' : 'does not work'),
        expected: 'works',
      },
    ],
  },
  'cluster-node-cache': {
    version: '0.1',
    attempts: withHalf(
      `const cache = require('cluster-node-cache')(cluster);
       const hit = async (answer) => {
         const count = ((await cache.get('a')).value.a ?? 0) + 1;
         await cache.set('a', count);
         answer(count);
       };`,
      `require('cluster-node-cache')(cluster);`,
    ),
  },
  'node-cache': {
    version: '5',
    attempts: [
      {
        server: counter(`const cache = new (require('node-cache'))();
          const hit = (answer) => { const count = (cache.get('a') ?? 0) + 1; cache.set('a', count); answer(count); };`),
        expected: 'each worker for itself',
      },
    ],
  },
  'lru-cache-for-clusters-as-promised': {
    version: '1',
    attempts: withHalf(
      `const cache = new (require('lru-cache-for-clusters-as-promised'))({ namespace: 'a', timeout: 1000 });
       const hit = (answer) => cache.incr('a').then(answer, answer);`,
      `require('lru-cache-for-clusters-as-promised').init();`,
    ),
  },
  memored: {
    version: '1',
    attempts: withHalf(
      `const memored = require('memored');
       const hit = (answer) => memored.read('a', (error, value) => {
         const count = (value ?? 0) + 1;
         memored.store('a', count, () => answer(count));
       });`,
      `require('memored');`,
    ),
  },
  'cluster-messages': {
    version: '1',
    attempts: withHalf(
      `const messages = new (require('cluster-messages'))();
       const hit = (answer) => messages.send('hit', {}, answer);`,
      `const messages = new (require('cluster-messages'))(); let count = 0;
       messages.on('hit', (data, answer) => answer(++count));`,
    ),
  },
  'cluster-hub': {
    version: '0.1',
    attempts: withHalf(
      `const hub = new (require('cluster-hub'))();
       const hit = (answer) => hub.requestMaster('hit', {}, (error, count) => answer(error ?? count));`,
      `const hub = new (require('cluster-hub'))(); let count = 0;
       hub.on('hit', (data, sender, answer) => answer(null, ++count));`,
    ),
  },
  'cluster-shared-memory': {
    version: '1',
    attempts: withHalf(
      `const memory = require('cluster-shared-memory');
       const hit = async (answer) => {
         const count = ((await memory.get('a')) ?? 0) + 1;
         await memory.set('a', count);
         answer(count);
       };`,
      `require('cluster-shared-memory');`,
    ),
  },
  'strong-store-cluster': {
    version: '1',
    attempts: withHalf(
      `const store = require('strong-store-cluster').collection('a');
       const hit = (answer) => store.get('n', (error, value) => {
         const count = (value ?? 0) + 1;
         store.set('n', count, () => answer(count));
       });`,
      `require('strong-store-cluster');`,
    ),
  },
  mortice: {
    version: '3',
    attempts: withHalf(
      `const lock = import('mortice').then((module) => module.default({ name: 'a' }));
       const fs = require('node:fs');
       const hit = async (answer) => {
         const release = await (await lock).writeLock();
         let count = 1;
         try { count += Number(fs.readFileSync('count', 'utf8')); } catch {}
         fs.writeFileSync('count', String(count));
         release();
         answer(count);
       };`,
      `import('mortice').then((module) => module.default({ name: 'a' }));`,
    ),
  },
  'prom-client': {
    version: '15',
    attempts: [
      {
        server: counter(`const client = require('prom-client'); new client.AggregatorRegistry();
          const hits = new client.Counter({ name: 'hits', help: 'x' });
          const hit = (answer) => { hits.inc(); answer(process.pid); };`),
        options: ['--admin', '0'],
        check: async (app) => {
          for (let asked = 0; asked < 6; asked++) await ask(app.target);
          const { fields } = await app.event('admin');
          const text = await (await fetch(`${String(fields['address'])}/metrics`)).text();
          return /^hits 6$/m.test(text) ? 'works' : 'does not work';
        },
        expected: 'works',
      },
      {
        by: HALF,
        server: counter(`const client = require('prom-client'); new client.AggregatorRegistry();
          const hits = new client.Counter({ name: 'hits', help: 'x' });
          process.on('message', (message) => message.count && last(message.count));
          let last;
          const hit = (answer) => { hits.inc(); last = answer; process.send('count'); };`),
        primary: `const cluster = require('node:cluster'); const { AggregatorRegistry } = require('prom-client');
          const registry = new AggregatorRegistry();
          cluster.on('message', (worker, message) => message === 'count' && registry.clusterMetrics().then(
            (text) => worker.send({ count: /^hits (\\d+)$/m.exec(text)[1] }), (error) => worker.send({ count: String(error) })));`,
        expected: 'works',
      },
    ],
  },
  throng: {
    version: '5',
    attempts: [
      {
        server: `require('throng')({ count: 2, worker: () => ${SERVE}.listen(process.env.PORT) });`,
        check: bothServe,
        expected: 'works',
      },
    ],
  },
  'express-cluster': {
    version: '0.0',
    needs: ['express@4'],
    attempts: [
      {
        server: `require('express-cluster')(() => require('express')().get('/', (q, s) => s.send(String(process.pid))).listen(process.env.PORT), { count: 2 });`,
        check: bothServe,
        expected: 'works',
      },
    ],
  },
  'graceful-cluster': {
    version: '0.0',
    attempts: [
      {
        server: `require('graceful-cluster').GracefulCluster.start({ workersCount: 2, serverFunction: () => ${SERVE}.listen(process.env.PORT) });`,
        check: bothServe,
        expected: 'works',
      },
    ],
  },
  recluster: {
    version: '1',
    attempts: [
      { server: `require('recluster')(__filename).run();`, check: bothServe, expected: 'does not start' },
      {
        by: 'the file that it is given, as the entry',
        server: `${SERVE}.listen(process.env.PORT);`,
        check: bothServe,
        expected: 'works',
      },
    ],
  },
  'sticky-session': {
    version: '1',
    attempts: [
      {
        server: `require('sticky-session').listen(${SERVE}, process.env.PORT);`,
        check: bothServe,
        expected: 'does not start',
      },
      {
        by: '`--balance sticky-ip`, and `listen()` in its place',
        server: `${SERVE}.listen(process.env.PORT);`,
        options: ['--balance', 'sticky-ip'],
        check: async (app) => ((await ask(app.target)) === (await ask(app.target)) ? 'works' : 'does not work'),
        expected: 'works',
      },
    ],
  },
  poolifier: {
    version: '5',
    attempts: [
      {
        server: counter(`const { FixedClusterPool } = require('poolifier');
          const pool = new FixedClusterPool(1, require('node:path').join(__dirname, 'work.cjs'));
          const hit = (answer) => pool.execute().then(answer, answer);`),
        expected: 'does not start',
      },
      {
        by: '`FixedThreadPool`',
        server: counter(`const { FixedThreadPool } = require('poolifier');
          require('node:fs').writeFileSync('work.cjs', "const { ThreadWorker } = require('poolifier'); module.exports = new ThreadWorker(() => 1);");
          const pool = new FixedThreadPool(1, require('node:path').join(__dirname, 'work.cjs'));
          let count = 0;
          const hit = (answer) => pool.execute().then((one) => answer((count += one)), answer);`),
        options: ['--workers', '1'],
        expected: 'works',
      },
    ],
  },
  '@pm2/io': {
    version: '6',
    attempts: [
      {
        server: `require('@pm2/io').init({ metrics: {} }); ${SERVE}.listen(process.env.PORT);`,
        check: bothServe,
        expected: 'works',
      },
    ],
  },
  'async-exit-hook': {
    version: '2',
    attempts: [
      {
        server: `require('async-exit-hook')((done) => setTimeout(() => { require('node:fs').appendFileSync('app.log', 'line of ' + process.pid); done(); }, 100)); ${SERVE}.listen(process.env.PORT);`,
        check: async (app, directory) => {
          await app.stop();
          return readFileSync(join(directory, 'app.log'), 'utf8').match(/line of/g)?.length === 2
            ? 'works'
            : 'does not work';
        },
        expected: 'works',
      },
    ],
  },
};
