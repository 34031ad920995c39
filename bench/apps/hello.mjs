import { createServer } from 'node:http';
import { serve } from './serve.mjs';

export const close = serve(createServer((_request, response) => response.end('Hello, World!')));
