import { createServer } from 'node:http';
import { serve } from './serve.mjs';

const item = (id) => ({
  id,
  name: `item ${id}`,
  price: id * 1.25,
  tags: ['a', 'b', 'c'],
  stock: { here: id, there: 0 },
});

export const close = serve(
  createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ items: Array.from({ length: 20 }, (_, id) => item(id)) }));
  }),
);
