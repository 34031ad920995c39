// What ../../apps serves, by the server of prefork/http: prefork starts this with the name of the application.
import { Server } from '../../../dist/http.js';

const item = (id) => ({
  id,
  name: `item ${id}`,
  price: id * 1.25,
  tags: ['a', 'b', 'c'],
  stock: { here: id, there: 0 },
});

const handlers = {
  hello: (ctx) => ctx.end('Hello, World!'),
  timer: (ctx) => void setTimeout(() => ctx.end(), 100),
  json: (ctx) => ctx.json({ items: Array.from({ length: 20 }, (_, id) => item(id)) }),
  post(ctx) {
    const numbers = JSON.parse(ctx.body.bytes.toString('latin1'));
    ctx.json({ count: numbers.length, sum: numbers.reduce((sum, number) => sum + number, 0) });
  },
};

new Server({ handler: handlers[process.argv[2]] }).listen(Number(process.env.PORT), '127.0.0.1');
