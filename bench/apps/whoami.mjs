// Says which worker answers: a process, and in it a thread (Watt's workers are threads).
import { createServer } from 'node:http';
import { threadId } from 'node:worker_threads';
import { serve } from './serve.mjs';

const name = `${process.pid}.${threadId}`;

export const close = serve(createServer((_request, response) => response.end(name)));
