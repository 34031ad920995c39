// node examples/hello/server.js serves on one core; prefork examples/hello/server.js on all of them.
import { createServer } from 'node:http';

const port = process.env.PORT ?? 8080;

const server = createServer((request, response) => {
  response.end(`Hello from process ${process.pid}\n`);
});

server.listen(port, () => {
  if (!process.env.PREFORK_SLOT || process.env.PREFORK_SLOT === '0') {
    console.log(`http://localhost:${server.address().port}/`);
  }
});
