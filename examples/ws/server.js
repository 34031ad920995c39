// Each connection stays with the worker that accepted it; to reach clients of other workers, publish through Redis.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const server = createServer((request, response) => response.end(`Hello from process ${process.pid}\n`));

new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (message) => socket.send(`${process.pid}: ${message}`));
});

server.listen(process.env.PORT ?? 8080);
