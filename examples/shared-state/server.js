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

/** Answers `GET /7`. The key is the number, and not all that a client can write there. */
async function answer(request, response) {
  const id = /^\/(\d{1,9})$/.exec(request.url)?.[1];
  if (id === undefined) return response.writeHead(404).end('Ask for a user, such as /7\n');
  const [user, count] = [await users.getOrCompute(id, load), await visits.add(1)];
  response.end(`Hello from ${process.pid}, visit ${count}, loaded by ${user.loadedBy}\n`);
}
const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500).end(`${error.code ?? 'failed'}\n`));
});
server.listen(process.env.PORT ?? 8080);
