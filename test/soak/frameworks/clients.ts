/** Clients of what is not HTTP. */
import { createSocket } from 'node:dgram';
import { Agent } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startLoad } from 'prefork/testing';
import type { Asking, Traffic } from './framework.ts';

/** The clients of each kind. */
export const CLIENTS = 8;

/** How long one question may take with all its repetitions. */
const PATIENCE_MS = 15_000;

/** A client: asks once, and rejects when no answer comes. */
interface Asker {
  ask(): Promise<unknown>;
  close(): void;
}

/** Clients that ask one question after another. A question without an answer is lost. */
export function asking(makers: ReadonlyArray<() => Asker>): Traffic {
  const over = new AbortController();
  let lost = 0;
  const counts = makers.map(() => 0);
  const run = async (make: () => Asker, at: number): Promise<void> => {
    const asker = make();
    while (!over.signal.aborted) {
      await asker.ask().then(
        () => counts[at]!++,
        () => lost++,
      );
    }
    asker.close();
  };
  const done = Promise.all(makers.map(run));
  return {
    clients: makers.length,
    async everyClientAnswered() {
      const before = [...counts];
      const deadline = performance.now() + 2 * PATIENCE_MS;
      // The first answer may be to a question from before.
      while (!counts.every((count, at) => count >= before[at]! + 2)) {
        if (performance.now() > deadline) throw new Error(`not every client had an answer: ${counts.join()}`);
        await delay(20);
      }
    },
    async stop() {
      over.abort();
      await done;
      return { answered: counts.reduce((sum, count) => sum + count, 0), lost };
    },
  };
}

/** Clients of prefork/testing. */
export function requests(port: number, { requests: asked = [{ status: 200 }], load = {} }: Asking = {}): Traffic {
  const started = startLoad({ host: '127.0.0.1', port }, { clients: CLIENTS, requests: asked, ...load });
  return {
    clients: CLIENTS,
    everyClientAnswered: () => started.everyClientAnswered(),
    stop: () => started.stop(),
  };
}

/** Two kinds of clients at the same time. */
export function together(one: Traffic, other: Traffic): Traffic {
  return {
    clients: one.clients + other.clients,
    async everyClientAnswered() {
      await Promise.all([one.everyClientAnswered(), other.everyClientAnswered()]);
    },
    async stop() {
      const [first, second] = await Promise.all([one.stop(), other.stop()]);
      return { answered: first.answered + second.answered, lost: first.lost + second.lost };
    },
  };
}

/** Sends a datagram and waits for the one that answers it. */
export function askDatagram(port: number, within = 1000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => end(() => reject(new Error('no answer'))), within);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    socket.once('message', (message) => end(() => resolve(message.toString())));
    socket.send('question', port, '127.0.0.1');
  });
}

export function datagrams(port: number): Traffic {
  const maker = (): Asker => ({ ask: () => askDatagram(port), close() {} });
  return asking(Array.from({ length: CLIENTS }, () => maker));
}

/** What is used of socket.io-client. */
interface ClientSocket {
  timeout(ms: number): { emitWithAck(event: string, ...args: unknown[]): Promise<unknown> };
  disconnect(): void;
}

/**
 * Clients of Socket.IO, by the library's own client. It connects again by itself; a question that was on its way is asked again, as the library's
 * own `retries` do.
 */
export function sockets(home: string, port: number, transports: readonly string[]): Traffic {
  const { io } = createRequire(join(home, 'package.json'))('socket.io-client') as {
    io: (url: string, options: object) => ClientSocket;
  };
  const maker = (client: number) => (): Asker => {
    // Each has an address of its own, by which sticky-ip chooses. A connection for each request, because the client's XMLHttpRequest sends a
    // request over a kept one again when that is reset, and does not end it: it would hang until a ping is missed.
    const agent = new Agent({ localAddress: `127.0.0.${client + 2}` });
    const options = { transports, agent, reconnectionDelay: 50, reconnectionDelayMax: 200, forceNew: true };
    const socket = io(`http://127.0.0.1:${port}`, options);
    const ask = async (): Promise<void> => {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const answer = await socket
          .timeout(1000)
          .emitWithAck('ask')
          .catch(() => undefined);
        if (answer !== undefined) return;
        if (performance.now() > deadline) throw new Error('no answer');
      }
    };
    const close = (): void => {
      socket.disconnect();
      agent.destroy();
    };
    return { ask, close };
  };
  return asking(Array.from({ length: CLIENTS }, (_, client) => maker(client)));
}
