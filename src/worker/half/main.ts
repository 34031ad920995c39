/**
 * The program of the process that runs `--primary`. It makes node:cluster's primary half of what prefork's primary tells, and then
 * loads the application's file. To that file the process is the primary: `cluster.isPrimary`, `cluster.workers`, the events.
 */
import { pathToFileURL } from 'node:url';
import { Channel } from '../../ipc/channel.ts';
import type { HalfMessage, ToHalf } from '../../ipc/half-messages.ts';
import { Workers } from './workers.ts';

/** How long what the program writes may take to be written, where it has no handler of its own for its end. */
const LAST_WRITES_MS = 500;
/** How long such a handler may take after the primary is gone. */
const LAST_MS = 10_000;

const [, , file = ''] = process.argv;
process.argv.splice(1, 2, file);

const workers = new Workers((worker, message) => channel.send({ type: 'send', worker, message }));
const channel = new Channel<HalfMessage>(
  process,
  (body) => {
    const message = body as ToHalf;
    if (message.type === 'end') end();
    // This process sends no handle, so that it has nothing to stop or to resume.
    else if (message.type === 'settle') channel.send({ type: 'settled' });
    else if (message.type === 'prove') channel.sendEnd({ type: 'proof' }, { type: 'proof', unsent: true });
    else workers.take(message);
  },
  {},
);
// The channel keeps the process alive, also where the program itself has nothing to wait for.
process.channel?.ref();

// A terminal sends these to all its processes. The primary says when this process ends.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {});
process.once('disconnect', () => {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_MS).unref();
  end();
});

void import(pathToFileURL(file).href).then(() => channel.send({ type: 'ready' }));

/** Lets the program end in order, as by SIGTERM. */
function end(): void {
  if (process.listenerCount('SIGTERM') === 0) return void setTimeout(() => process.exit(), LAST_WRITES_MS);
  // A real signal would come when nothing may keep the process alive any more, as from here on only the program itself does.
  process.emit('SIGTERM', 'SIGTERM');
  process.channel?.unref();
}
