// A fetch handler, served by the library form: node examples/hono/server.js. Needs the package srvx.
import { Hono } from 'hono';
import { Prefork } from 'prefork';

const app = new Hono();

app.get('/', (context) => context.text(`Hello from process ${process.pid}\n`));

await new Prefork(app).listenAndServe(`:${process.env.PORT ?? 8080}`);
