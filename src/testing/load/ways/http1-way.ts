import type { Answer } from '../answer.ts';
import { Connection } from '../connection.ts';
import type { Sent } from '../request.ts';
import type { ConnectionEvents, ConnectionHistory, Route } from '../route.ts';
import type { Way } from './way.ts';

/** Keeps its connection until the server closes it or announces that. */
export class Http1Kept implements Way {
  readonly #open: () => Connection;
  #connection: Connection | undefined;

  constructor(route: Route, events: ConnectionEvents) {
    this.#open = () => new Connection(route, events);
  }

  get history(): ConnectionHistory | undefined {
    return this.#connection?.history;
  }

  async ask(sent: Sent): Promise<Answer> {
    if (this.#connection === undefined || this.#connection.isOver) this.#connection = this.#open();
    const connection = this.#connection;
    const answer = await connection.ask(sent, false);
    if (answer.closes) connection.end();
    return answer;
  }

  end(): void {
    this.#connection?.end();
  }
}

/** Opens a connection for each request, and announces that by `Connection: close`. */
export class Http1New implements Way {
  readonly #open: () => Connection;
  #connection: Connection | undefined;

  constructor(route: Route, events: ConnectionEvents) {
    this.#open = () => new Connection(route, events);
  }

  get history(): ConnectionHistory | undefined {
    return this.#connection?.history;
  }

  async ask(sent: Sent): Promise<Answer> {
    const connection = (this.#connection = this.#open());
    try {
      return await connection.ask(sent, true);
    } finally {
      connection.end();
    }
  }

  end(): void {
    this.#connection?.end();
  }
}
