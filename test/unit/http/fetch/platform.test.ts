/** Tests that light requests and responses, and the real ones in their place, are what the standard says. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Server } from '../../../../src/http.ts';
import { requestsOf, responsesOf, urlsOf, type Implementation, type Result } from './platform.ts';

const originals = { Request, Response, fetch };

function implementation(lightGlobals: boolean, streamRequestBody: boolean): Implementation {
  Object.assign(globalThis, originals);
  return another(lightGlobals, streamRequestBody);
}

/** Runs with the globals as they are. */
function another(lightGlobals: boolean, streamRequestBody: boolean): Implementation {
  const make = (handler: (request: Request) => Promise<Response>): Server =>
    new Server({ lightGlobals, streamRequestBody, fetch: handler, logger: { error: () => undefined } });
  make(async () => new Response());
  return {
    Request: globalThis.Request,
    Response: globalThis.Response,
    async serve(handler) {
      const server = make(handler);
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const close = (): void => server.close().closeAllConnections();
      return { port: (server.address() as AddressInfo).port, close };
    },
  };
}

function assertAll(results: readonly Result[], isExcused: (what: string) => boolean = () => false): void {
  const failed = results.filter(({ what, error }) => error !== undefined && !isExcused(what));
  assert.deepEqual(
    failed.map(({ what, error }) => `${what}: ${String(error)}`),
    [],
  );
}

/** Cases that the platform itself does otherwise, such as a second byte order mark in Node 20, or does not send on. */
const NOT_OURS = /byte order mark|^fetch\(.*chunks$/;

// The platform comes first, because the light globals leave their mark on the prototypes.
for (const light of [false, true]) {
  const name = light ? 'light' : 'original';
  test(`URLs: ${name}`, async () => assertAll(await urlsOf(implementation(light, false))));
  for (const streams of [true, false]) {
    test(`requests: ${name}, ${streams ? 'streamed' : 'whole'} bodies`, async () => {
      const results = await requestsOf(implementation(light, streams));
      assertAll(results, (what) => !light && NOT_OURS.test(what));
    });
  }
}

test('responses', async () => {
  const platform = await responsesOf({ ...implementation(false, false), ...originals });
  const otherwise = new Set(platform.filter(({ error }) => error !== undefined).map(({ what }) => what));
  assert.ok(otherwise.size < 20);
  assertAll(await responsesOf(implementation(true, false)), (what) => otherwise.has(what));
});

test('a fetch that another has wrapped is left, and ends in the original', async () => {
  implementation(true, false);
  const ours = globalThis.fetch;
  let calls = 0;
  globalThis.fetch = (input, init) => (calls++, ours(input, init));
  const wrapped = globalThis.fetch;
  const { port, close } = await another(true, false).serve(async () => new Response('once'));
  assert.equal(globalThis.fetch, wrapped);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'once');
  assert.equal(calls, 1);
  close();
});
