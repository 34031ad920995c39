// Listens and closes again and again before it serves, and says how long a listen took: µs, one number a line.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { serve } from './serve.mjs';

const TIMES = 300;
const WARM_UP = 100;

for (let i = 0; i < TIMES; i++) {
  const server = createServer();
  const start = performance.now();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  if (i >= WARM_UP) console.log(`listen ${(performance.now() - start) * 1000}`);
  await new Promise((closed) => server.close(closed));
}

export const close = serve(createHttpServer((_request, response) => response.end('done')));
