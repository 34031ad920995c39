/** Ports below 1024, each of which one test has at a time. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Services of a machine are unlikely to use these. */
const [FIRST, END] = [512, 1024];

/** The difference between a port and its stand-in, which is above the ports that Linux gives (ip(7), ip_local_port_range). */
const STANDS_AT = 61_000;

/** An address of the loopback that nothing else uses. A process has the port while it listens there, at the port's stand-in. */
const CLAIMS = '127.77.0.1';

/**
 * Returns a port below 1024 that is free for TCP and UDP now. No other call gets it, in any process, before this process ends.
 */
export async function lowPort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if ((await isClaimed(port)) && (await isFree(port))) return port;
  }
}

async function isClaimed(port: number): Promise<boolean> {
  const claim = createServer()
    .listen(STANDS_AT + port, CLAIMS)
    .unref();
  try {
    await once(claim, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  const socket = createSocket('udp4').bind(port);
  const bound = await Promise.allSettled([once(server, 'listening'), once(socket, 'listening')]);
  if (bound[0].status === 'fulfilled') await new Promise((resolve) => server.close(resolve));
  if (bound[1].status === 'fulfilled') await new Promise<void>((resolve) => void socket.close(resolve));
  return bound.every(({ status }) => status === 'fulfilled');
}
