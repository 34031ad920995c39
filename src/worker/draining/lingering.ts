import { Socket } from 'node:net';
import { isAllWritten, takeHandle } from '../node-internals/index.ts';

/** The time for which a client may go on sending after its last answer, ms: as long as in prefork/http. */
const LINGER_MS = 2000;

/**
 * Closes connections after an answer that a drain has made their last. A client that pipelines goes on sending for as long as it has not
 * read that answer. The kernel resets a connection that is closed with bytes that nothing has read, or to which some come later, and
 * then throws away what it has not sent yet. So the client would lose the end of the last answer. Node closes at once. Here the server says
 * that it sends no more, throws away what comes, and closes when the client does (RFC 9112, 9.6).
 *
 * The application sees its socket close as ever. Connections with TLS are closed as Node does it.
 *
 * Owns the connections that it closes, and a timer for each. They keep no process alive: a drain waits for them.
 */
export class Lingering {
  readonly #closing = new Set<Socket>();

  /** How many connections are being closed. */
  get count(): number {
    return this.#closing.size;
  }

  /** Makes the connection close in this way when the server closes it after an answer. A second call does nothing. */
  readonly closeAfterAnswer = (socket: Socket): void => {
    if (Object.hasOwn(socket, 'destroySoon')) return;
    const closeAtOnce = socket.destroySoon.bind(socket);
    // node:http calls this, and nothing else, when it has given the last answer to the kernel.
    const value = (): void => (isAllWritten(socket) ? this.#close(takeHandle(socket, closeAtOnce)) : closeAtOnce());
    Object.defineProperty(socket, 'destroySoon', { value, configurable: true, writable: true });
  };

  #close(handle: object): void {
    const socket = new Socket({ handle } as ConstructorParameters<typeof Socket>[0]);
    this.#closing.add(socket);
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => {
      clearTimeout(timer);
      this.#closing.delete(socket);
    });
    socket.on('error', () => {});
    socket.end();
    socket.resume();
    socket.unref();
  }
}
