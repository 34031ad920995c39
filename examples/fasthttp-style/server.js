// As in Go: the program wraps its server and starts itself. node examples/fasthttp-style/server.js
import { createServer } from 'node:http';
import { Prefork } from 'prefork';

const server = createServer((request, response) => {
  response.end(`Hello from process ${process.pid}\n`);
});

const prefork = new Prefork(server, {
  onWorkerRecover: (oldPid, newPid) => console.log(`worker ${oldPid} was replaced by ${newPid}`),
});

try {
  await prefork.listenAndServe(`:${process.env.PORT ?? 8080}`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
