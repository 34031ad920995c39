// Each connection stays with the worker that accepted it; to reach clients of other workers, publish on a channel of prefork/state.
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { worker } from 'prefork/worker';
import { WebSocketServer } from 'ws';

const server = createServer((request, response) => response.end(`Hello from process ${process.pid}\n`));
const sockets = new WebSocketServer({ server });

sockets.on('connection', (socket) => {
  socket.on('message', (message) => socket.send(`${process.pid}: ${message}`));
});

// A reload or a stop: clients are told to connect again, a few at a time, lest the other workers get all at once.
worker.onDrain(async () => {
  const pause = Math.min(10, 3000 / sockets.clients.size);
  for (const socket of sockets.clients) {
    socket.close(1001);
    await setTimeout(pause);
  }
});

server.listen(process.env.PORT ?? 8080);
