import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What clients saw. Times are ms. */
export interface Seen {
  readonly closed: number;
  readonly toldToClose: number;
  readonly unanswered: number;
  readonly answered: number;
}

interface Answer {
  readonly at: number;
  readonly took: number;
  /** The number of the connection, and the pid of the worker. */
  readonly connection: number;
  readonly by: string;
}

/** Clients with one connection each, which never connect again. Owns the connections; `end` closes them. */
export class Clients {
  readonly answers: Answer[] = [];
  /** How connections came to an end that should have stayed. */
  readonly ends: string[] = [];
  readonly #openedAt = performance.now();
  readonly #sockets: Socket[] = [];
  #closed = 0;
  #toldToClose = 0;
  #asked = 0;
  #period = 0;
  #path = '';
  #isOver = false;

  /** Opens so many connections, on which all clients together ask for a path this often. */
  static async open(port: number, count: number, path: string, perSecond: number): Promise<Clients> {
    const clients = new Clients();
    clients.#path = path;
    clients.#period = (1000 * count) / perSecond;
    for (let nth = 0; nth < count; nth++) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      clients.#sockets.push(socket);
      void clients.#keepAsking(socket, nth, nth / count);
    }
    return clients;
  }

  /** All clients together ask this often from now on. A client waits for its answer before it asks again. */
  ask(perSecond: number): void {
    this.#period = (1000 * this.#sockets.length) / perSecond;
  }

  /** The median time of an answer between two times of performance.now(); undefined when there was none. */
  median(from: number, to: number): number | undefined {
    const times = this.answers.filter(({ at }) => at >= from && at < to).map(({ took }) => took);
    return times.toSorted((a, b) => a - b)[times.length >> 1];
  }

  /** Returns when each of the connections that have changed their worker since `from` was first answered by another one, sorted. */
  moves(from: number): number[] {
    const before = new Map<number, string>();
    const moved = new Map<number, number>();
    for (const { at, connection, by } of this.answers) {
      if (at < from) before.set(connection, by);
      else if (by !== before.get(connection) && !moved.has(connection)) moved.set(connection, at);
    }
    return [...moved.values()].toSorted((a, b) => a - b);
  }

  /** Waits for the answers that are due, and closes the connections. */
  async end(): Promise<Seen> {
    this.#isOver = true;
    const until = performance.now() + 20_000;
    while (this.answers.length < this.#asked && this.#closed === 0 && performance.now() < until) await rest(20);
    const seen = {
      closed: this.#closed,
      toldToClose: this.#toldToClose,
      unanswered: this.#asked - this.answers.length,
      answered: this.answers.length,
    };
    for (const socket of this.#sockets) socket.destroy();
    return seen;
  }

  async #keepAsking(socket: Socket, connection: number, offset: number): Promise<void> {
    let due = performance.now() + offset * this.#period;
    let answered: () => void = () => {};
    let text = '';
    let by = '';
    socket.setEncoding('latin1');
    let answers = 0;
    socket.on('error', ({ message }) => this.ends.push(message));
    socket.on('close', () => {
      if (!this.#isOver) {
        this.#closed++;
        this.ends.push(`closed after ${answers} answers, at ${Math.round(performance.now() - this.#openedAt)} ms`);
      }
      answered();
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? NaN);
      if (end === -1 || text.length < end + 4 + length) return;
      if (/^connection: close/im.test(text)) this.#toldToClose++;
      by = text.slice(end + 4);
      text = '';
      answers++;
      answered();
    });
    while (!this.#isOver && !socket.destroyed) {
      const wait = due - performance.now();
      if (wait > 0) {
        // The period may become shorter meanwhile.
        await rest(Math.min(wait, 50));
        due = Math.min(due, performance.now() + this.#period);
        continue;
      }
      const at = performance.now();
      this.#asked++;
      const answer = new Promise<void>((resolve) => (answered = resolve));
      socket.write(`GET ${this.#path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await answer;
      if (socket.destroyed) return;
      this.answers.push({ at: performance.now(), took: performance.now() - at, connection, by });
      due = Math.max(due + this.#period, performance.now() - this.#period);
    }
  }
}

export function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
