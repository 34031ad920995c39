import { createServer } from 'node:http';
import { serve } from './serve.mjs';
import { work } from './work.mjs';

export const close = serve(
  createServer((_request, response) => {
    work(1);
    response.end('done');
  }),
);
