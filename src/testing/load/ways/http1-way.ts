import type { Answer } from '../answer.ts';
import { Connection } from '../connection.ts';
import type { Sent } from '../request.ts';
import type { ConnectionEvents, ConnectionHistory, Route } from '../route.ts';
import type { Style, Way } from './way.ts';

/**
 * HTTP/1. A kept connection lasts until the server closes it or announces that. With the style `new`, each request opens one, and says
 * by `Connection: close` that no other follows.
 */
export class Http1Way implements Way {
  readonly #open: () => Connection;
  readonly #isKept: boolean;
  #connection: Connection | undefined;

  constructor(route: Route, events: ConnectionEvents, style: Style) {
    this.#open = () => new Connection(route, events);
    this.#isKept = style === 'kept';
  }

  get history(): ConnectionHistory | undefined {
    return this.#connection?.history;
  }

  async ask(sent: Sent): Promise<Answer> {
    if (this.#connection === undefined || this.#connection.isOver || !this.#isKept) this.#connection = this.#open();
    const connection = this.#connection;
    try {
      const answer = await connection.ask(sent, !this.#isKept);
      if (answer.closes) connection.end();
      return answer;
    } finally {
      if (!this.#isKept) connection.end();
    }
  }

  end(): void {
    this.#connection?.end();
  }
}
