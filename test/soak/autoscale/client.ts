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
}

/** Clients with one connection each, which never connect again. Owns the connections; `end` closes them. */
export class Clients {
  readonly answers: Answer[] = [];
  readonly #sockets: Socket[] = [];
  #closed = 0;
  #toldToClose = 0;
  #asked = 0;
  #period = 1000;
  #path = '/';
  #isOver = false;

  static async open(port: number, count: number): Promise<Clients> {
    const clients = new Clients();
    for (let nth = 0; nth < count; nth++) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      clients.#sockets.push(socket);
      void clients.#keepAsking(socket, nth / count);
    }
    return clients;
  }

  /** All clients together ask this often. A client waits for its answer before it asks again. */
  ask(path: string, perSecond: number): void {
    this.#path = path;
    this.#period = (1000 * this.#sockets.length) / perSecond;
  }

  /** The median time of an answer between two times of performance.now(); undefined when there was none. */
  median(from: number, to: number): number | undefined {
    const times = this.answers.filter(({ at }) => at >= from && at < to).map(({ took }) => took);
    return times.toSorted((a, b) => a - b)[times.length >> 1];
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

  async #keepAsking(socket: Socket, offset: number): Promise<void> {
    let due = performance.now() + offset * this.#period;
    let answered: () => void = () => {};
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.#isOver) this.#closed++;
      answered();
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? NaN);
      if (end === -1 || text.length < end + 4 + length) return;
      if (/^connection: close/im.test(text)) this.#toldToClose++;
      text = '';
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
      this.answers.push({ at: performance.now(), took: performance.now() - at });
      due = Math.max(due + this.#period, performance.now() - this.#period);
    }
  }
}

export function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
