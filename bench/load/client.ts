/**
 * A client that tells how a request was lost, which wrk cannot: refused, reset, closed, cut, timed out, wrong.
 */

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Answer, readAnswer, requestText } from './answer.ts';

export interface Target {
  readonly port: number;
  readonly secure: boolean;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** How a request can end without its answer. */
export const LOSSES = ['refused', 'reset', 'closed', 'cut', 'timeout', 'wrong'] as const;
export type Loss = (typeof LOSSES)[number];

export const lossMeanings: Readonly<Record<Loss, string>> = {
  refused: 'nobody listened',
  reset: 'connection reset before a byte of the answer',
  closed: 'connection closed before a byte of the answer',
  cut: 'connection ended in the middle of the answer',
  timeout: 'no whole answer within 5 s',
  wrong: 'another status or body than expected',
};

const TIMEOUT = 5_000;
const open = ({ port, secure }: Target): Socket =>
  secure ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connectTcp({ port, host: '127.0.0.1' });

export class Lost extends Error {
  readonly loss: Loss;
  constructor(loss: Loss, options?: ErrorOptions) {
    super(`request lost: ${lossMeanings[loss]}`, options);
    this.loss = loss;
  }
}

/** One connection. Owns its socket; `end()` destroys it. */
export class Connection {
  readonly #socket: Socket;
  readonly #request: string;
  #received: Buffer = Buffer.alloc(0);
  #ended: Loss | undefined;
  #settle: { resolve: (answer: Answer) => void; reject: (lost: Lost) => void } | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(target: Target) {
    this.#request = requestText(target.method, '/', { Host: 'localhost', ...target.headers }, target.body);
    this.#socket = open(target);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#look();
    });
    this.#socket.on('end', () => this.#finish('closed'));
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#finish(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'),
    );
    this.#socket.on('close', () => this.#finish('closed'));
    this.#timer = setTimeout(() => this.#finish('timeout'), TIMEOUT);
  }

  /** Sends the request and waits for its answer. One at a time. */
  ask(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#timer.refresh();
      if (this.#ended !== undefined) return this.#look();
      this.#socket.write(this.#request, 'latin1');
    });
  }

  /** The server has closed it, or it broke, while nothing was asked. */
  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #finish(loss: Loss): void {
    this.#ended ??= loss;
    this.#look();
  }

  #look(): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    const answer = readAnswer(this.#received, this.#ended === 'closed');
    if (answer !== undefined) {
      this.#received = this.#received.subarray(answer.bytes);
      this.#settle = undefined;
      settle.resolve(answer);
    } else if (this.#ended !== undefined) {
      this.#settle = undefined;
      settle.reject(new Lost(this.#ended !== 'timeout' && this.#received.length > 0 ? 'cut' : this.#ended));
    }
  }
}

/** One request on a connection of its own. Rejects when it is lost. */
export async function ask(target: Target): Promise<Answer> {
  const connection = new Connection(target);
  try {
    return await connection.ask();
  } finally {
    connection.end();
  }
}

/** A connection that is held open after its answer. The caller ends it. */
export async function askAndHold(target: Target): Promise<{ answer: Answer; end: () => void }> {
  const connection = new Connection(target);
  return { answer: await connection.ask(), end: () => connection.end() };
}
