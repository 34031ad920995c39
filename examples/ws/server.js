// Each connection stays with the worker that accepted it; to reach clients of other workers, publish on a channel of prefork/state.
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { worker } from 'prefork/worker';
import { WebSocketServer } from 'ws';

const server = createServer((request, response) => response.end(`Hello from process ${process.pid}\n`));
const sockets = new WebSocketServer({ server, maxPayload: 64 * 1024 });

sockets.on('connection', (socket) => {
  // A frame that is none, or too large, is an error of its WebSocket. Without a listener it would end the worker, and all others with it.
  socket.on('error', (error) => console.log(`a WebSocket is closed: ${error.message}`));
  socket.on('message', (message) => {
    socket.pause(); // A client that does not read its answers is not read either.
    socket.send(`${process.pid}: ${message}`, () => socket.resume());
  });
});

// A reload or a stop: clients are told to connect again, a few at a time, so that the other workers do not get all at once.
worker.onDrain(async () => {
  const pause = Math.min(10, 3000 / sockets.clients.size);
  for (const socket of sockets.clients) {
    socket.close(1001);
    await setTimeout(pause);
  }
});

server.listen(process.env.PORT ?? 8080);
