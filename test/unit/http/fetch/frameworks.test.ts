/** Applications of Hono and h3 answer here as they do by themselves, and as on @hono/node-server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createAdaptorServer } from '@hono/node-server';
import { h3App, h3Asked, honoApp, honoAsked, honoMore, type Asked, type Fetch } from './frameworks.ts';
import { serve } from '../helpers.ts';

/** The part of an answer that a client may see. */
interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly cookies: readonly string[];
  readonly body: string;
}

/** The fields that are the server's own, or say how it cuts the content. */
const OURS = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'server',
  'set-cookie',
  'transfer-encoding',
]);

async function answerOf(response: Response): Promise<Answer> {
  return {
    status: response.status,
    headers: Object.fromEntries(
      [...response.headers].filter(([name]) => !OURS.has(name)).map(([name, value]) => [name, withoutPort(value)]),
    ),
    cookies: response.headers.getSetCookie(),
    body: withoutPort(Buffer.from(await response.arrayBuffer()).toString('latin1')),
  };
}

function withoutPort(text: string): string {
  return text.replace(/127\.0\.0\.1:\d+/, 'here');
}

function ask(port: number, { path, init }: Asked): Promise<Answer> {
  return fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init?.() }).then(answerOf);
}

async function nodeServer(t: TestContext, fetch: Fetch): Promise<number> {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** The fields that the client adds to each request. */
const sent = { 'accept-encoding': 'gzip, deflate', host: '127.0.0.1' };

async function direct(app: Fetch, port: number, { path, init }: Asked): Promise<Answer> {
  const request = new Request(`http://127.0.0.1:${port}${path}`, init?.());
  for (const [name, value] of Object.entries(sent)) if (!request.headers.has(name)) request.headers.set(name, value);
  const response = await app(request);
  return comparable(await answerOf(request.method === 'HEAD' ? new Response(null, response) : response));
}

/**
 * Makes an answer comparable. Each server's client has undone a coding, and the application's own answer still has it.
 */
function comparable(answer: Answer): Answer {
  return answer.headers['content-encoding'] === undefined ? answer : { ...answer, body: 'encoded' };
}

const apps: ReadonlyArray<readonly [name: string, make: () => Fetch, asked: readonly Asked[]]> = [
  ['Hono', honoApp, [...honoAsked, ...honoMore]],
  ['h3', h3App, h3Asked],
];

for (const [name, make, asked] of apps) {
  for (const lightGlobals of [true, false]) {
    for (const streamRequestBody of [true, false]) {
      const how = `${lightGlobals ? 'light' : 'original'} globals, ${streamRequestBody ? 'streamed' : 'whole'} bodies`;
      test(`${name} answers as by itself and on node-server: ${how}`, async (t) => {
        const globals = { Request, Response };
        t.after(() => Object.assign(globalThis, globals));
        const app = make();
        const theirs = await nodeServer(t, app);
        const { port } = await serve(t, { fetch: app, lightGlobals, streamRequestBody });
        for (const one of asked) {
          const what = `${one.init?.().method ?? 'GET'} ${one.path}`;
          const ours = await ask(port, one);
          assert.deepEqual(comparable(ours), await direct(app, port, one), `${what}, by itself`);
          const other = await ask(theirs, one);
          // When the application names no type, node-server makes text of it. We leave it to the client, as the
          // standard does.
          const { 'content-type': type, ...headers } = other.headers;
          const hasType = ours.headers['content-type'] !== undefined;
          assert.deepEqual(ours, { ...other, headers: hasType ? other.headers : headers }, `${what}, there: ${type}`);
        }
      });
    }
  }
}
