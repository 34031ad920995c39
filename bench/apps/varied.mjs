// Every hundredth request of a worker takes a hundred times as long. Counted, not drawn: the mix is the same in all runs.
import { createServer } from 'node:http';
import { serve } from './serve.mjs';
import { work } from './work.mjs';

let requests = 0;

export const close = serve(
  createServer((_request, response) => {
    work(++requests % 100 === 0 ? 50 : 0.5);
    response.end('done');
  }),
);
