// No tickets: wrk resumes a session every other time, and a process can only resume its own, so how often it works would
// depend on the number of workers. This way each connection is a new client's full handshake, in every system.
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { serve } from './serve.mjs';

const { BENCH_TLS_KEY, BENCH_TLS_CERT } = process.env;
const tls = { key: readFileSync(BENCH_TLS_KEY), cert: readFileSync(BENCH_TLS_CERT) };

export const close = serve(
  createServer({ ...tls, secureOptions: constants.SSL_OP_NO_TICKET }, (_request, response) =>
    response.end('Hello, World!'),
  ),
);
