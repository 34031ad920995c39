/**
 * Counts the cases of the fetch standard that hold for the light objects of this server, of @hono/node-server and of
 * srvx, and for Node's own constructors:
 *
 *     node out/test/soak/fetch-platform.js [name, to see what fails]
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import type { Server as NodeServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { FastResponse, patchGlobalRequest, serve } from 'srvx/node';
import { Server } from '../../src/http.ts';
import { requestsOf, responsesOf, urlsOf, type Implementation, type Result } from '../unit/http/fetch/platform.ts';

const silent = { error: () => undefined };

/** Each runs in a process of its own, because they replace globals. */
const implementations: Readonly<Record<string, () => Implementation>> = {
  'prefork/http': () => {
    const make = (fetch: (request: Request) => Promise<Response>): Server => new Server({ fetch, logger: silent });
    make(async () => new Response());
    return {
      Request,
      Response,
      async serve(fetch) {
        const server = make(fetch);
        await once(server.listen(0, '127.0.0.1'), 'listening');
        return { port: portOf(server), close: () => server.close().closeAllConnections() };
      },
    };
  },
  '@hono/node-server': () => {
    createAdaptorServer({ fetch: async () => new Response() });
    return {
      Request,
      Response,
      async serve(fetch) {
        const server = createAdaptorServer({ fetch }) as NodeServer;
        await once(server.listen(0, '127.0.0.1'), 'listening');
        return { port: portOf(server), close: () => server.close().closeAllConnections() };
      },
    };
  },
  srvx: () => ({
    Request: patchGlobalRequest(),
    Response: FastResponse as unknown as typeof Response,
    async serve(fetch) {
      const server = await serve({
        fetch,
        port: 0,
        hostname: '127.0.0.1',
        silent: true,
        gracefulShutdown: false,
      }).ready();
      return { port: Number(new URL(server.url!).port), close: () => void server.close(true) };
    },
  }),
  // The requests come from the constructor. A server has to make them of what was sent.
  'Node itself': () => ({
    Request,
    Response,
    async serve(fetch) {
      const server = new Server({ fetch, lightGlobals: false, logger: silent });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      return { port: portOf(server), close: () => server.close().closeAllConnections() };
    },
  }),
};

function portOf(server: { address(): AddressInfo | string | null }): number {
  return (server.address() as AddressInfo).port;
}

function told(results: readonly Result[]): string {
  return `${results.filter(({ error }) => error === undefined).length} of ${results.length}`;
}

const name = process.argv[2];
if (name === undefined) {
  console.log(`Node ${process.version}\n| | requests | responses | URLs |\n| --- | --- | --- | --- |`);
  for (const each of Object.keys(implementations)) {
    const out = execFileSync(process.execPath, [process.argv[1]!, each], { encoding: 'utf8', timeout: 120_000 });
    console.log(out.trim().split('\n').at(-1));
  }
} else {
  process.on('uncaughtException', () => undefined);
  process.on('unhandledRejection', () => undefined);
  const implementation = implementations[name]!();
  const all = [await requestsOf(implementation), await responsesOf(implementation), await urlsOf(implementation)];
  for (const { what, error } of all.flat())
    if (error !== undefined) console.log(`${what}: ${(error as Error).message.split('\n', 1)[0]}`);
  console.log(`| ${name} | ${all.map(told).join(' | ')} |`);
  process.exit();
}
