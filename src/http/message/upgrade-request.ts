import type { Socket } from 'node:net';
import type { Context } from './context.ts';

/**
 * The request that listeners of 'upgrade' and 'connect' get. It has what `ws` and its like read from node:http's
 * IncomingMessage.
 */
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
