/** The timed scenarios. */

import { timed } from './timed.ts';

/**
 * The full run would take hours if everyone ran everything. Where only the application differs, the modes that bring a
 * connection to a worker in the same way as another system are left out; `--against` brings them back.
 */
const MAIN = [
  'plain',
  'prefork',
  'prefork-http',
  'prefork-least-connections',
  'cluster',
  'pm2',
  'watt',
  'bun',
  'deno',
  'fasthttp-prefork',
  'nginx',
];

/** The command of the original's README, whose headers, duration, connections and threads are kept to the letter. */
export const original = timed({
  name: 'original',
  title: "The original's command",
  what: "The wrk command of fasthttp's prefork README, 512 connections for 15 s, against the handler it shows: a timer of 100 ms.",
  app: 'timer',
  connections: 512,
  threads: 4,
  seconds: 15,
  timeout: 8,
  host: 'localhost',
  headers: {
    Host: 'localhost',
    Accept: 'text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,application/xml;q=0.8,*/*;q=0.7',
    Connection: 'keep-alive',
  },
  among: ['plain', 'prefork', 'prefork-http', 'cluster', 'watt', 'fasthttp-prefork'],
  // The original has none, and its fifteen seconds need none.
  warmUp: false,
});

export const keepAlive = timed({
  name: 'keep-alive',
  title: 'Hello world, keep-alive',
  what: '64 connections that stay. The application is all there is; nothing can be won here, only lost.',
  app: 'hello',
  connections: 64,
});

export const newConnections = timed({
  name: 'new-connections',
  title: 'Hello world, a new connection per request',
  what: '64 at a time, each for one request: what it costs to get a connection to a worker.',
  app: 'hello',
  connections: 64,
  newConnections: true,
});

export const compute = timed({
  name: 'compute',
  title: 'A handler that computes for 1 ms',
  what: '64 connections that stay; the handler does a fixed amount of work (PBKDF2), calibrated once to 1 ms.',
  app: 'compute',
  among: MAIN,
  connections: 64,
});

export const varied = timed({
  name: 'varied',
  title: 'A handler whose cost varies',
  what: '16 connections that stay; a request costs 0.5 ms, every hundredth 50 ms: a slow one holds up what is behind it.',
  app: 'varied',
  among: [...MAIN, 'prefork-shared', 'cluster-shared'],
  slow: true,
  connections: 16,
});

export const json = timed({
  name: 'json',
  title: 'JSON',
  what: '64 connections that stay; twenty objects are made and serialised for each answer.',
  app: 'json',
  among: MAIN,
  slow: true,
  connections: 64,
});

export const post = timed({
  name: 'post',
  title: 'A POST of 16 KB',
  what: '64 connections that stay; the body is read, parsed and summed up.',
  app: 'post',
  among: MAIN,
  connections: 64,
});

export const tls = timed({
  name: 'tls',
  title: 'TLS, a new connection per request',
  what: '64 at a time, each a full TLS 1.3 handshake (ECDSA P-256, no resumption) for one request.',
  app: 'tls',
  among: MAIN,
  connections: 64,
  newConnections: true,
});
