// A cache, a counter, a job and a message that all workers share: prefork/state. Needs Node 22.13 or newer, or npm's better-sqlite3.
import { createServer } from 'node:http';
import { openState } from 'prefork/state';

const state = await openState();
const users = state.cache('users', { ttl: '10m', maxSize: '64mb' });
const visits = state.counter('visits');

const news = state.channel('news');
news.onmessage = ({ data }) => console.log(`${process.pid} heard ${data}`);

state.runOnce('clock', (signal) => {
  const timer = setInterval(() => news.postMessage(`${process.pid} runs the clock`), 1000);
  signal.addEventListener('abort', () => clearInterval(timer));
});

/** Stands for a slow database. */
const load = async (id) => ({ id, loadedBy: process.pid });

const server = createServer(async (request, response) => {
  const user = await users.getOrCompute(request.url, load);
  const count = await visits.add(1);
  response.end(`Hello from ${process.pid}, visit ${count}, loaded by ${user.loadedBy}\n`);
});
server.listen(process.env.PORT ?? 8080);
