/** Frameworks and servers that speak HTTP and need no build. */
import assert from 'node:assert/strict';
import type { Answer } from 'prefork/testing';
import type { Framework } from './framework.ts';

const ownServer = [{ entry: 'server.mjs' }] as const;

/** A framework with one file, as its page of first steps has it. */
function small(name: string, packages: readonly string[], server: string, more: Partial<Framework> = {}): Framework {
  return { name, packages, files: { 'server.mjs': server }, starts: ownServer, ...more };
}

/** Requires an answer that has this text. */
const having =
  (text: string) =>
  ({ body }: Answer): void =>
    assert.ok(body.toString().includes(text), body.toString().slice(0, 200));

const express = `import express from 'express';
express().get('/', (_request, response) => { response.json({ hello: 'world' }); }).listen(process.env.PORT);`;

export const servers: readonly Framework[] = [
  small(
    'node:http',
    [],
    `import { createServer } from 'node:http';
createServer((_request, response) => response.end('Hello')).listen(process.env.PORT);`,
  ),
  small('Express 5', ['express@5'], express),
  small('Express 4', ['express@4'], express),
  small(
    'Fastify',
    ['fastify'],
    `import Fastify from 'fastify';
const app = Fastify({ logger: true });
app.get('/', async () => ({ hello: 'world' }));
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });`,
  ),
  small(
    'Koa',
    ['koa'],
    `import Koa from 'koa';
const app = new Koa();
app.use((context) => { context.body = 'Hello'; });
app.listen(process.env.PORT);`,
  ),
  small(
    'hapi',
    ['@hapi/hapi'],
    `import Hapi from '@hapi/hapi';
const server = Hapi.server({ port: process.env.PORT, host: '127.0.0.1' });
server.route({ method: 'GET', path: '/', handler: () => 'Hello' });
await server.start();`,
  ),
  small(
    'restify',
    ['restify'],
    `import restify from 'restify';
const server = restify.createServer();
server.get('/', (_request, response, next) => { response.send('Hello'); next(); });
server.listen(process.env.PORT);`,
  ),
  small(
    'polka',
    ['polka'],
    `import polka from 'polka';
polka().get('/', (_request, response) => response.end('Hello')).listen(process.env.PORT);`,
  ),
  small(
    'Hono',
    ['hono', '@hono/node-server'],
    `import { serve } from '@hono/node-server';
import { Hono } from 'hono';
const app = new Hono();
app.get('/', (c) => c.text('Hello'));
serve({ fetch: app.fetch, port: Number(process.env.PORT) });`,
  ),
  small(
    'tRPC',
    ['@trpc/server', 'typescript'],
    `import { initTRPC } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
const t = initTRPC.create();
const router = t.router({ hello: t.procedure.query(() => 'world') });
createHTTPServer({ router }).listen(Number(process.env.PORT));`,
    { requests: [{ path: '/hello', status: 200, check: having('"data":"world"') }] },
  ),
  small(
    'Apollo Server',
    ['@apollo/server', 'graphql'],
    `import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
const server = new ApolloServer({ typeDefs: 'type Query { hello: String }', resolvers: { Query: { hello: () => 'world' } } });
await startStandaloneServer(server, { listen: { port: Number(process.env.PORT) } });`,
    {
      requests: [
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"query":"{ hello }"}',
          status: 200,
          check: having('"hello":"world"'),
        },
      ],
    },
  ),
  small(
    'Feathers',
    ['@feathersjs/feathers', '@feathersjs/koa'],
    `import { feathers } from '@feathersjs/feathers';
import { koa, rest, bodyParser, errorHandler } from '@feathersjs/koa';
const app = koa(feathers());
app.use(errorHandler());
app.use(bodyParser());
app.configure(rest());
app.use('messages', { async find() { return [{ text: 'Hello' }]; } });
await app.listen(Number(process.env.PORT));`,
    { requests: [{ path: '/messages', status: 200, check: having('Hello') }] },
  ),
  {
    name: 'json-server',
    packages: ['json-server@0.17'],
    files: { 'db.json': '{ "posts": [{ "id": 1, "title": "Hello" }] }' },
    starts: [
      {
        entry: 'node_modules/json-server/lib/cli/bin.js',
        args: (port) => ['--port', String(port), '--quiet', 'db.json'],
      },
    ],
    requests: [{ path: '/posts/1', status: 200, check: having('Hello') }],
  },
  {
    name: 'Verdaccio',
    packages: ['verdaccio'],
    files: {
      // Verdaccio asks for node-fetch by a tag, which not every registry has.
      'package.json':
        '{ "name": "tried", "version": "1.0.0", "private": true, "overrides": { "node-fetch": "2.6.7" } }',
      'config.yaml': `storage: ./storage
auth: { htpasswd: { file: ./htpasswd } }
packages: { '**': { access: $all, publish: $authenticated } }
log: { type: stdout, format: json, level: warn }
`,
    },
    starts: [
      {
        entry: 'node_modules/verdaccio/bin/verdaccio',
        args: (port) => ['--listen', `127.0.0.1:${port}`, '--config', 'config.yaml'],
      },
    ],
    requests: [{ path: '/-/ping', status: 200 }],
  },
  small(
    'http-proxy',
    ['http-proxy'],
    `import { createServer } from 'node:http';
import httpProxy from 'http-proxy';
const behind = createServer((_request, response) => response.end('Hello')).listen(0, '127.0.0.1', () => {
  const target = { host: '127.0.0.1', port: behind.address().port };
  httpProxy.createProxyServer({ target }).listen(process.env.PORT);
});`,
    { requests: [{ path: '/', status: 200, check: having('Hello') }] },
  ),
];
