/** What speaks more than plain HTTP: Socket.IO, gRPC, datagrams. */
import assert from 'node:assert/strict';
import type { LoadRequest } from 'prefork/testing';
import { askDatagram, datagrams, requests, sockets, together } from './clients.ts';
import type { Framework } from './framework.ts';

const handshake: LoadRequest = { path: '/socket.io/?EIO=4&transport=polling', status: 200 };

const nest = {
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      module: 'nodenext',
      target: 'es2022',
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      skipLibCheck: true,
      outDir: 'dist',
      rootDir: 'src',
      types: ['node'],
    },
    include: ['src'],
  }),
  'src/main.ts': `import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';

@Controller()
class AppController {
  @Get()
  hello(): string {
    return 'Hello';
  }
}

@WebSocketGateway()
class Gateway {
  @SubscribeMessage('ask')
  answer(): string {
    return 'Hello';
  }
}

@Module({ controllers: [AppController], providers: [Gateway] })
class AppModule {}

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  await app.listen(process.env.PORT!);
}
bootstrap();
`,
};

export const others: readonly Framework[] = [
  {
    name: 'Socket.IO, polling',
    packages: ['socket.io', 'socket.io-client'],
    files: {
      'server.mjs': `import { createServer } from 'node:http';
import { Server } from 'socket.io';
const server = createServer();
new Server(server).on('connection', (socket) => socket.on('ask', (answer) => answer('Hello')));
server.listen(process.env.PORT);`,
    },
    starts: [{ by: '`--balance sticky-ip`', entry: 'server.mjs', options: ['--balance', 'sticky-ip'] }],
    requests: [handshake],
    traffic: async (_app, port, home) => sockets(home, port, ['polling']),
  },
  {
    name: 'NestJS, with Socket.IO',
    packages: [
      '@nestjs/core',
      '@nestjs/common',
      '@nestjs/platform-express',
      '@nestjs/platform-socket.io',
      '@nestjs/websockets',
      'socket.io',
      'socket.io-client',
      'reflect-metadata',
      'rxjs',
      'typescript@5',
      '@types/node@24',
    ],
    files: nest,
    build: ['tsc'],
    starts: [{ entry: 'dist/main.js' }],
    traffic: async (_app, port, home) => together(requests(port), sockets(home, port, ['websocket'])),
  },
  {
    name: 'gRPC',
    packages: ['@grpc/grpc-js', '@grpc/proto-loader'],
    files: {
      'hello.proto': `syntax = "proto3";
package demo;
service Greeter { rpc Greet (Name) returns (Greeting); }
message Name { string name = 1; }
message Greeting { string text = 1; }
`,
      'server.mjs': `import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
const { demo } = grpc.loadPackageDefinition(loader.loadSync('hello.proto'));
const server = new grpc.Server();
server.addService(demo.Greeter.service, { Greet: (_call, answer) => answer(null, { text: 'Hello' }) });
server.bindAsync(\`127.0.0.1:\${process.env.PORT}\`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});`,
    },
    starts: [{ entry: 'server.mjs' }],
    load: { protocol: 'http2' },
    requests: [
      {
        method: 'POST',
        path: '/demo.Greeter/Greet',
        headers: { 'content-type': 'application/grpc', te: 'trailers' },
        // A message without compression, of no bytes.
        body: Buffer.alloc(5),
        status: 200,
        check: ({ body }) => assert.ok(body.includes('Hello')),
      },
    ],
  },
  {
    name: 'node:dgram',
    packages: [],
    files: {
      'server.mjs': `import { createSocket } from 'node:dgram';
const socket = createSocket('udp4');
socket.on('message', (_message, from) => socket.send(String(process.pid), from.port, from.address));
socket.bind(Number(process.env.PORT), '127.0.0.1');`,
    },
    starts: [{ by: '`--ready start`', entry: 'server.mjs', options: ['--ready', 'start'] }],
    answering: askDatagram,
    traffic: async (_app, port) => datagrams(port),
  },
];
