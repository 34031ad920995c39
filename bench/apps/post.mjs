// Takes a JSON array of numbers and answers how many there are and their sum, so a lost byte shows.
import { createServer } from 'node:http';
import { serve } from './serve.mjs';

export const close = serve(
  createServer(async (request, response) => {
    let body = '';
    request.setEncoding('latin1');
    for await (const chunk of request) body += chunk;
    const numbers = JSON.parse(body);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ count: numbers.length, sum: numbers.reduce((sum, number) => sum + number, 0) }));
  }),
);
