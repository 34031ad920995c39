/** The timed scenarios. */

import { timed } from './timed.ts';

/**
 * Each scenario lists the systems that mean something for it, or the full run would take hours. Balance and sharing modes
 * differ where connections come and go or cost differs; throng, and mostly PM2, are node:cluster's round-robin; Go and
 * nginx do no Node computing. `--against` brings any of them back.
 */
const NODE = ['plain', 'prefork', 'cluster'];
const SERVERS = [...NODE, 'prefork-http', 'bun', 'deno', 'fasthttp-prefork'];

export const KEEP_ALIVE: readonly string[] = [...SERVERS, 'prefork-admin', 'pm2', 'watt', 'fasthttp', 'nginx'];

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
  among: [...NODE, 'prefork-http', 'fasthttp-prefork'],
  // Fifteen seconds are long enough to need no more rounds, and no warm-up, which the original has not either.
  rounds: 3,
  warmUp: false,
});

export const keepAlive = timed({
  name: 'keep-alive',
  title: 'Hello world, keep-alive',
  what: '64 connections that stay. The application is all there is; nothing can be won here, only lost.',
  app: 'hello',
  among: KEEP_ALIVE,
  connections: 64,
});

export const newConnections = timed({
  name: 'new-connections',
  title: 'Hello world, a new connection per request',
  what: '64 at a time, each for one request: what it costs to get a connection to a worker.',
  app: 'hello',
  among: [
    ...SERVERS,
    ...['shared', 'round-robin', 'least-connections', 'sticky-ip'].map((mode) => `prefork-${mode}`),
    ...['cluster-shared', 'pm2', 'watt', 'throng', 'nginx'],
  ],
  connections: 64,
  newConnections: true,
});

export const compute = timed({
  name: 'compute',
  title: 'A handler that computes for 1 ms',
  what: '64 connections that stay; the handler does a fixed amount of work (PBKDF2), calibrated once to 1 ms.',
  app: 'compute',
  among: [...NODE, 'watt'],
  connections: 64,
});

export const varied = timed({
  name: 'varied',
  title: 'A handler whose cost varies',
  what: '16 connections that stay; a request costs 0.5 ms, every hundredth 50 ms: a slow one holds up what is behind it.',
  app: 'varied',
  among: [...NODE, 'prefork-shared', 'prefork-least-connections'],
  slow: true,
  connections: 16,
});

export const json = timed({
  name: 'json',
  title: 'JSON',
  what: '64 connections that stay; twenty objects are made and serialised for each answer.',
  app: 'json',
  among: SERVERS,
  slow: true,
  connections: 64,
});

export const post = timed({
  name: 'post',
  title: 'A POST of 16 KB',
  what: '64 connections that stay; the body is read, parsed and summed up.',
  app: 'post',
  among: SERVERS,
  connections: 64,
});

export const tls = timed({
  name: 'tls',
  title: 'TLS, a new connection per request',
  what: '64 at a time, each a full TLS 1.3 handshake (ECDSA P-256, no resumption) for one request.',
  app: 'tls',
  among: [...NODE, 'fasthttp-prefork', 'nginx'],
  connections: 64,
  newConnections: true,
});
