import type { Socket } from 'node:net';
import type { Context } from './context.ts';

/** What listeners of 'upgrade' and 'connect' get, with what `ws` and its like read of node:http's IncomingMessage. */
export class UpgradeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly httpVersion: string;
  readonly socket: Socket;

  constructor(context: Context) {
    this.method = context.method;
    this.url = context.url;
    this.headers = context.headers.toObject();
    this.httpVersion = `1.${context.minorVersion}`;
    this.socket = context.socket;
  }
}
