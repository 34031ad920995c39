// Hello, World! at as many addresses as LISTENERS says, to clients that may stay silent for long.
import { createServer } from 'node:http';
import { serve } from './serve.mjs';

const listeners = Number(process.env.LISTENERS ?? 1);
const servers = Array.from({ length: listeners }, () => {
  const server = createServer((_request, response) => response.end('Hello, World!'));
  server.keepAliveTimeout = 600_000;
  return server;
});
for (const [index, server] of servers.entries()) {
  if (index > 0) server.listen(Number(process.env.PORT), `127.0.1.${index}`);
}

export const close = serve(servers[0]);
