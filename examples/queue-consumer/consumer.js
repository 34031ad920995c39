// A program that never listens: it says itself when it is ready. The interval stands for a queue's client.
import { worker } from 'prefork/worker';

async function connect() {
  return {
    consume: (handle) => setInterval(() => handle({ id: Math.random() }), 100),
  };
}

const queue = await connect();
const consumer = queue.consume((job) => console.log(`slot ${worker.slot} did job ${job.id}`));
worker.ready();

process.on('SIGTERM', () => {
  clearInterval(consumer);
  console.log(`slot ${worker.slot} is done`);
});
