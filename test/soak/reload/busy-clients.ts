/** Clients that ask all the time, each on one connection, and note when, and how long each answer took. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Target } from '../../support/app.ts';

/** What they noted, in the order of the answers: the time at which a request was sent, or was due (ms since 1970), and the wait for its answer, ms. */
export interface Asked {
  readonly at: number[];
  readonly took: number[];
}

const REQUEST = 'GET /busy HTTP/1.1\r\nHost: busy\r\n\r\n';

/**
 * Runs as a process whose parent ends it by a message. It sends a message when all are connected, and its notes at the end.
 *
 * @param target the address, the number of connections and the requests of all of them a second; 0: each asks at once again
 */
export async function askAll([target, busy, rate]: readonly string[]): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: Number(busy) }, () => open(JSON.parse(target!) as Target)));
  const asked: Asked = { at: [], took: [] };
  const clients = Number(rate) === 0 ? new Closed(asked) : new Paced(asked, Number(rate));
  for (const socket of sockets) {
    socket.on('data', () => clients.answered(socket));
    socket.on('close', () => {
      throw new Error('a connection closed');
    });
  }
  process.send!('begun');
  clients.begin(sockets);
  await once(process, 'message');
  process.send!(asked, () => process.exit());
}

/** Each asks again as soon as it is answered. */
class Closed {
  readonly #asked: Asked;
  readonly #sent = new Map<Socket, number>();

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  begin(sockets: readonly Socket[]): void {
    for (const socket of sockets) this.#ask(socket);
  }

  answered(socket: Socket): void {
    const at = this.#sent.get(socket)!;
    this.#asked.at.push(performance.timeOrigin + at);
    this.#asked.took.push(performance.now() - at);
    this.#ask(socket);
  }

  #ask(socket: Socket): void {
    this.#sent.set(socket, performance.now());
    socket.write(REQUEST);
  }
}

/** Requests are due at a steady rate. One that finds no free connection waits, and its wait counts. */
class Paced {
  readonly #asked: Asked;
  readonly #period: number;
  readonly #due = new Map<Socket, number>();
  readonly #free: Socket[] = [];
  #next = 0;

  constructor(asked: Asked, rate: number) {
    this.#asked = asked;
    this.#period = 1000 / rate;
  }

  begin(sockets: readonly Socket[]): void {
    this.#free.push(...sockets);
    this.#next = performance.now();
    setInterval(() => this.#ask(), 1);
  }

  answered(socket: Socket): void {
    const due = this.#due.get(socket)!;
    this.#asked.at.push(performance.timeOrigin + due);
    this.#asked.took.push(performance.now() - due);
    // The one that has waited longest is next, so that all take part.
    this.#free.push(socket);
    this.#ask();
  }

  #ask(): void {
    const now = performance.now();
    while (this.#next <= now && this.#free.length > 0) {
      const socket = this.#free.shift()!;
      this.#due.set(socket, this.#next);
      this.#next += this.#period;
      socket.write(REQUEST);
    }
  }
}

async function open(target: Target): Promise<Socket> {
  const socket = connect('socketPath' in target ? { path: target.socketPath } : { ...target, noDelay: true });
  await once(socket, 'connect');
  return socket;
}
