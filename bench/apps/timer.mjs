// The handler of the original's README: "simulates some hard work" by sleeping 100 ms.
import { createServer } from 'node:http';
import { serve } from './serve.mjs';

export const close = serve(createServer((_request, response) => setTimeout(() => response.end(), 100)));
