/** Tests which requests of a pipeline are answered when the server leaves: those that have come by then, and no more. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context, Server, ServerOptions } from '../../../../src/http.ts';
import { Incoming, type IncomingEvents } from '../../../../src/http/server/incoming.ts';
import { servedBy } from '../../../../src/http/server/served.ts';
import { READ_BYTES } from '../../../../src/http/server/source.ts';
import { certificate } from '../../../support/paths.ts';
import { get } from '../../worker/helpers.ts';
import { request, serve, type Client } from '../helpers.ts';

const ways: Readonly<Record<string, (server: Server) => void>> = {
  'close()': (server) => void server.close(),
  'a drain': (server) => servedBy(server)!.drain(),
};

/** How a handler answers. @param begins called before something is written */
const handlers: Readonly<Record<string, (ctx: Context, begins: () => void) => unknown>> = {
  'at once': (ctx, begins) => {
    begins();
    ctx.end(ctx.path);
  },
  later: async (ctx, begins) => {
    await delay(5);
    begins();
    ctx.end(ctx.path);
  },
  'in pieces': async (ctx, begins) => {
    begins();
    ctx.write(ctx.path.slice(0, 1));
    await delay(5);
    ctx.write(ctx.path.slice(1));
    ctx.end();
  },
  'in pieces, later': async (ctx, begins) => {
    await delay(5);
    return handlers['in pieces']!(ctx, begins);
  },
};

/** The body of each answer, or its status if it is no 200, with `!` where the connection is said to close. */
function answersIn(text: string): string[] {
  return text
    .split(/(?=HTTP\/1\.1 )/)
    .filter((answer) => answer !== '')
    .map((answer) => {
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      const isChunked = head.includes('chunked');
      const content = isChunked
        ? body
            .split('\r\n')
            .filter((_, nth) => nth % 2 === 1)
            .join('')
        : body;
      const status = head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length);
      return (status === '200' ? content : status) + (head.includes('Connection: close') ? '!' : '');
    });
}

interface Case {
  readonly what: string;
  readonly sent: string;
  /** What the client does besides. It has not been answered when this begins. */
  readonly goOn?: (client: Client) => Promise<void> | void;
  /** What it does just before the server leaves, which is just before the first request is answered. */
  readonly before?: (client: Client) => void;
  /** The event to which the server listens. */
  readonly listens?: 'upgrade' | 'connect';
  readonly options?: Partial<ServerOptions>;
  readonly answers: readonly string[];
}

const post = (path: string, body: string): string => request(`POST ${path}`, {}, body);
const upgrade = request('GET /up', { Connection: 'Upgrade', Upgrade: 'echo' });

const cases: readonly Case[] = [
  { what: 'a request alone', sent: get('/1'), answers: ['/1!'] },
  { what: 'three requests', sent: get('/1') + get('/2') + get('/3'), answers: ['/1', '/2', '/3!'] },
  {
    what: 'three requests, and the end of the client',
    sent: get('/1') + post('/2', 'body') + get('/3'),
    goOn: (client) => void client.socket.end(),
    answers: ['/1', '/2', '/3!'],
  },
  { what: 'empty lines behind a body', sent: `${post('/1', 'body')}\r\n\r\n`, answers: ['/1!'] },
  { what: 'an empty line between two', sent: `${post('/1', 'body')}\r\n${get('/2')}`, answers: ['/1', '/2!'] },
  { what: 'something else', sent: `${get('/1')}???\r\n\r\n`, answers: ['/1', '400!'] },
  {
    what: 'one that comes from the kernel',
    sent: get('/1'),
    before: (client) => client.send(get('/2')),
    answers: ['/1', '/2!'],
  },
  {
    what: 'the second half of one that comes from the kernel',
    sent: get('/1') + get('/2').slice(0, 9),
    before: (client) => client.send(get('/2').slice(9) + get('/3')),
    answers: ['/1', '/2', '/3!'],
  },
  {
    what: 'one that has begun, and none behind it',
    sent: get('/1') + get('/2').slice(0, 9),
    goOn: async (client) => {
      await client.received(/1$/m);
      client.send(get('/2').slice(9) + get('/3'));
    },
    answers: ['/1', '/2!'],
  },
  {
    what: 'one that has begun, for readTimeout',
    sent: get('/1') + get('/2').slice(0, 9),
    options: { readTimeout: 100 },
    answers: ['/1', '408!'],
  },
  {
    what: 'one whose body has begun, for readTimeout',
    sent: get('/1') + post('/2', 'body').slice(0, -2),
    options: { readTimeout: 100 },
    answers: ['/1', '408!'],
  },
  {
    what: 'one that has begun, until the end of the client',
    sent: get('/1') + get('/2').slice(0, 9),
    goOn: (client) => void client.socket.end(),
    answers: ['/1'],
  },
  {
    what: 'two of a client that always asks before it is answered',
    sent: get('/1') + get('/2'),
    goOn: (client) => {
      let path = 3;
      client.socket.on('data', () => client.send(get(`/${path++}`)));
    },
    answers: ['/1', '/2!'],
  },
  {
    what: 'one whose body has not come and is not awaited',
    sent: post('/1', 'body').slice(0, -4),
    options: { streamRequestBody: true },
    answers: ['/1!'],
  },
  {
    what: 'one whose body is not read, and the next one',
    sent: post('/1', 'body') + get('/2'),
    options: { streamRequestBody: true },
    answers: ['/1', '/2!'],
  },
  {
    what: 'as many as a limit says',
    sent: get('/1') + get('/2') + get('/3'),
    options: { maxRequestsPerConn: 2 },
    answers: ['/1', '/2!'],
  },
  {
    what: 'a tunnel that nobody makes',
    sent: get('/1') + request('CONNECT a:1') + get('/2'),
    answers: ['/1', '501!'],
  },
  {
    what: 'what is upgraded, with all that has come behind it',
    sent: `${get('/1')}${upgrade}one `,
    listens: 'upgrade',
    before: (client) => client.send('two '),
    goOn: async (client) => {
      await client.received(/one two $/);
      client.send('three');
    },
    answers: ['/1', '101'],
  },
  {
    what: 'a tunnel, with all that has come behind it',
    sent: `${get('/1')}${request('CONNECT a:1')}one `,
    listens: 'connect',
    before: (client) => client.send('two '),
    goOn: async (client) => {
      await client.received(/one two $/);
      client.send('three');
    },
    answers: ['/1', '101'],
  },
];

for (const [way, leave] of Object.entries(ways)) {
  for (const { what, sent, goOn, before, listens, options, answers } of cases) {
    for (const [how, answer] of Object.entries(handlers)) {
      test(`at ${way}, answered ${how}: ${what}`, async (t) => {
        let isFirst = true;
        const { server, client: connect } = await serve(t, {
          handler: (ctx) =>
            answer(ctx, () => {
              if (!isFirst) return;
              isFirst = false;
              before?.(client);
              leave(server);
            }),
          ...options,
        });
        if (listens !== undefined) server.on(listens, echo);
        const client = connect();
        await once(client.socket, 'connect');
        client.send(sent);
        await Promise.all([goOn?.(client), client.closed()]);
        assert.deepEqual(answersIn(client.text), answers, client.text);
        if (listens !== undefined) assert.match(client.text, /one two three$/);
      });
    }
  }
}

/** Says what came before and after, until `three`. */
function echo(_request: unknown, socket: Socket, head: Buffer): void {
  socket.write(`HTTP/1.1 101 Up\r\n\r\n${head.toString()}`);
  socket.on('data', (bytes) => (String(bytes).endsWith('three') ? socket.end(bytes) : socket.write(bytes)));
}

for (const [way, leave] of Object.entries(ways)) {
  test(`at ${way} the rest of a body that is being read is read in its order, and its answer is the last`, async (t) => {
    const { server, client: connect } = await serve(t, {
      streamRequestBody: true,
      async handler(ctx) {
        const pieces: string[] = [];
        for await (const piece of ctx.body) {
          pieces.push(String(piece));
          if (pieces.length > 1) continue;
          await delay(5);
          client.send(`dy${get('/2')}`);
          leave(server);
          ctx.write('got ');
        }
        ctx.write(pieces.join(''));
        ctx.end();
      },
    });
    const client = connect();
    client.send(post('/1', 'body').slice(0, -2));
    await client.closed();
    assert.deepEqual(answersIn(client.text), ['got body!']);
  });
}

test('over TLS what was received counts', async (t) => {
  const tls = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
  const { server, client } = await serve(t, { tls, handler: (ctx) => (server.close(), ctx.end(ctx.path)) });
  const asking = client();
  await once(asking.socket, 'secureConnect');
  asking.send(get('/1') + get('/2') + get('/3'));
  await asking.closed();
  assert.deepEqual(answersIn(asking.text), ['/1', '/2', '/3!']);
});

test('a drain that ends, and another one: each has what has come by its own beginning', async (t) => {
  const { server, client } = await serve(t, {
    handler: (ctx) => {
      const served = servedBy(server)!;
      if (ctx.path === '/2') served.stay!();
      else served.drain();
      ctx.end(ctx.path);
    },
  });
  const asking = client();
  asking.send(get('/1') + get('/2'));
  await asking.received(/2$/);
  asking.send(get('/3') + get('/4'));
  await asking.closed();
  assert.deepEqual(answersIn(asking.text), ['/1', '/2', '/3', '/4!']);
});

/** What a client sends while one of its requests is answered. */
function incoming(): Incoming {
  const source = {
    isNative: true,
    readQueued: () => Buffer.alloc(READ_BYTES, 'x'),
    start: () => undefined,
    resume: () => undefined,
    release: () => undefined,
  };
  return new Incoming(undefined as never, source, { isOver: false, mustWait: true } as IncomingEvents);
}

/** Whether bytes that come now count, when all that came before has been read. */
function counts(client: Incoming, length: number): boolean {
  client.take();
  client.receive(Buffer.alloc(length, 'x'), length);
  return client.isFollowed();
}

test('when the kernel has more than one read brings, what comes counts until its queue is empty', () => {
  const client = incoming();
  assert.equal(client.isFollowed(), true);
  const lengths = [READ_BYTES, READ_BYTES, READ_BYTES - 1, READ_BYTES, 1];
  assert.deepEqual(
    lengths.map((length) => counts(client, length)),
    [true, true, true, false, false],
  );
});

test('where that is never empty, 8 MiB count', () => {
  const client = incoming();
  client.isFollowed();
  let reads = 0;
  while (counts(client, READ_BYTES)) reads++;
  assert.equal(reads * READ_BYTES, 8 * 1024 * 1024);
});
