// The HTTP server of prefork/http on every core: PORT=8080 node examples/http/server.js
import { Prefork } from 'prefork';
import { HttpError, Server } from 'prefork/http';

const routes = {
  'GET /': (ctx) => ctx.end(`Hello ${ctx.query.get('name') ?? 'world'} from ${process.pid}\n`),
  'POST /sum': async (ctx) => {
    const numbers = await ctx.body.json();
    if (!Array.isArray(numbers)) throw new HttpError(422);
    ctx.json({ sum: numbers.reduce((sum, number) => sum + number, 0) });
  },
  'GET /count': (ctx) => ctx.stream(count(ctx.signal)),
};

async function* count(signal) {
  for (let number = 1; number <= 10 && !signal.aborted; number++) yield `${number}\n`;
}

const server = new Server({
  handler(ctx) {
    const route = routes[`${ctx.method} ${ctx.path}`];
    return route === undefined ? ctx.status(404).end('Not Found\n') : route(ctx);
  },
});

await new Prefork(server).listenAndServe(`:${process.env.PORT ?? 8080}`);
