// An application, as it is. Its test is beside it.
import { createServer } from 'node:http';

createServer((request, response) => {
  response.end(`Hello from process ${process.pid}\n`);
}).listen(process.env.PORT ?? 8080);
