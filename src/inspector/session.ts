import { inTime, InspectorError } from './error.ts';
import type { Endpoint } from './http.ts';
import { WebSocket } from './websocket.ts';

/** What a command was answered, or what an event tells: the shapes are those of `node:inspector`'s types. */
export type Fields = Readonly<Record<string, unknown>>;

interface Call {
  resolve(result: Fields): void;
  reject(error: InspectorError): void;
}

/** An inspector, and whose it is. */
export interface Target extends Endpoint {
  /** Of its WebSocket. */
  readonly path: string;
  /** It was opened for the session, and is closed with it. */
  readonly isOurs: boolean;
}

/** One message of the Chrome DevTools Protocol: an answer has the `id` of its command, an event has none. */
interface Incoming {
  readonly id: unknown;
  readonly result: Fields;
  /** Why it was refused. */
  readonly error: string | undefined;
  readonly method: unknown;
  readonly params: Fields;
}

/**
 * The other process may be anybody's by now, and answer anything.
 *
 * @throws InspectorError for what is no JSON.
 */
function readMessage(text: string): Incoming {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InspectorError('its inspector does not speak JSON', { cause });
  }
  const { id, result, error, method, params } = fieldsOf(value);
  const refusal = fieldsOf(error)['message'];
  const reason = error === undefined ? undefined : typeof refusal === 'string' ? refusal : 'refused';
  return { id, result: fieldsOf(result), error: reason, method, params: fieldsOf(params) };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/**
 * How long the other process may take to close its inspector, and with it the session, ms. A session that ends from this side
 * in the same moment has crashed Node 24 with SIGSEGV, on a busy machine one time in ten. One whose event loop does not
 * turn does neither until later.
 */
const LEAVE = 1000;

/** How long the other process may take to close its end, ms: its inspector answers in a few, unless it hangs natively. */
const FAREWELL = 250;

/**
 * Closes the inspector from inside, when the event loop turns again, and after it has seen what is waiting for it: Node
 * starts its inspector by an interrupt of the running JavaScript and by a wake-up of the loop, whichever comes first, and
 * the other one would start it again. To close it at once, in the middle of such an interrupt, has crashed Node 24 and 26.
 */
const CLOSE_INSPECTOR =
  'process.getBuiltinModule("node:timers").setImmediate(() => process.getBuiltinModule("node:inspector").close())';

/**
 * A session with another process's inspector, in the Chrome DevTools Protocol. Owns the connection. While it is open the
 * process would wait for it at its exit, so it has to be closed in any case.
 */
export class Session {
  readonly target: Target;
  /** Settles when nothing comes any more: it was closed, or the process is gone. */
  readonly ended: Promise<void>;
  readonly #webSocket: WebSocket;
  readonly #calls = new Map<number, Call>();
  readonly #listeners = new Map<string, Array<(params: Fields) => void>>();
  #ids = 0;
  #closing: Promise<void> | undefined;
  #end: string | undefined;

  private constructor(target: Target, webSocket: WebSocket, ended: Promise<void>) {
    this.target = target;
    this.ended = ended;
    this.#webSocket = webSocket;
  }

  /** @throws InspectorError */
  static async open(target: Target, signal: AbortSignal): Promise<Session> {
    let onEnd = (): void => {};
    const ended = new Promise<void>((resolve) => (onEnd = resolve));
    const events = {
      text: (text: string): void => session.#take(readMessage(text)),
      closed: (reason: string): void => {
        session.#over(reason);
        onEnd();
      },
    };
    const webSocket = await WebSocket.connect(target, target.path, events, signal);
    const session = new Session(target, webSocket, ended);
    return session;
  }

  /**
   * Asks the process to do something, for example `call('Profiler.start')`. It is done as soon as the process runs
   * JavaScript, also in the middle of a loop; one that is busy in native code answers when that returns.
   *
   * @throws InspectorError when it refused, or the session ended.
   */
  call(method: string, params: Fields = {}): Promise<Fields> {
    if (this.#end !== undefined) return Promise.reject(new InspectorError(`${method}: ${this.#end}`));
    const id = ++this.#ids;
    this.#webSocket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  /** Events of this name from now on, for example `Debugger.paused`. */
  on(event: string, listener: (params: Fields) => void): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  /** The next event of this name. */
  next(event: string): Promise<Fields> {
    return new Promise((resolve) => this.on(event, resolve));
  }

  /**
   * Ends the session, and pending calls reject; what the process was asked before is still done. An inspector that was
   * opened for the session closes as soon as the process comes back to its event loop. Closing twice is closing once.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    if (this.#end === undefined) {
      if (this.target.isOurs) this.call('Runtime.evaluate', { expression: CLOSE_INSPECTOR }).catch(() => {});
      this.#over('the session was closed');
      if (this.target.isOurs) await inTime(this.ended, AbortSignal.timeout(LEAVE), 'still open').catch(() => {});
      this.#webSocket.close();
    }
    await inTime(this.ended, AbortSignal.timeout(FAREWELL), 'no farewell').catch(() => this.#webSocket.destroy());
  }

  #take({ id, result, error, method, params }: Incoming): void {
    if (id === undefined) {
      for (const listener of this.#listeners.get(method as string) ?? []) listener(params);
      return;
    }
    const call = this.#calls.get(id as number);
    this.#calls.delete(id as number);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new InspectorError(error));
  }

  #over(reason: string): void {
    this.#end ??= reason;
    for (const call of this.#calls.values()) call.reject(new InspectorError(this.#end));
    this.#calls.clear();
  }
}
