import { jsonExcess, type JsonLimits } from '../sockets/json-excess.ts';
import { inTime, InspectorError } from './error.ts';
import type { Endpoint } from './http.ts';
import { WebSocket } from './websocket.ts';

/** The result of a command, or the data of an event. The shapes are those of `node:inspector`'s types. */
export type Fields = Readonly<Record<string, unknown>>;

interface Call {
  resolve(result: Fields): void;
  reject(error: InspectorError): void;
}

/** An inspector, and whether this process opened it. */
export interface Target extends Endpoint {
  /** The path of its WebSocket. */
  readonly path: string;
  /** True when the inspector was opened for the session. */
  readonly isOurs: boolean;
}

/** A message of the Chrome DevTools Protocol. An answer has the `id` of its command, an event has none. */
interface Incoming {
  readonly id: unknown;
  readonly result: Fields;
  /** The reason of a refusal. */
  readonly error: string | undefined;
  readonly method: unknown;
  readonly params: Fields;
}

/** Shorter messages have few values, characters. */
const LONG_MESSAGE = 65_536;

/**
 * What the longest profile has less of. An object takes up to a hundred bytes. Keys are those of the protocol, and each new one takes
 * a microsecond or three.
 */
const LIMITS: JsonLimits = { values: 36_000_000, objects: 4_000_000, keys: 16_384 };

/**
 * Parses a message. The other process may be a different program by now, and may answer anything.
 *
 * @throws InspectorError for text that is not JSON, or that would become far larger when it is parsed.
 */
function readMessage(text: string): Incoming {
  const excess = text.length > LONG_MESSAGE ? jsonExcess(Buffer.from(text), LIMITS) : undefined;
  if (excess !== undefined) throw new InspectorError(`its inspector sent too many ${excess}`);
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
 * How long the other process may take to close its end. Its inspector answers within a few milliseconds, unless it
 * hangs natively.
 */
const FAREWELL_MS = 250;

/**
 * A session with the inspector of another process, in the Chrome DevTools Protocol. The session owns the connection.
 * While it is open the process would wait for it at its exit, so the caller has to close it in any case.
 */
export class Session {
  readonly target: Target;
  /** Settles when no more messages come, because the session was closed or the process is gone. */
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

  /**
   * Opens a session.
   *
   * @throws InspectorError
   */
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
   * Sends a command, for example `call('Profiler.start')`. The process executes it as soon as it runs JavaScript, even
   * in the middle of a loop. A process that is busy in native code answers when that returns.
   *
   * @throws InspectorError when it refused, or the session ended.
   */
  call(method: string, params: Fields = {}): Promise<Fields> {
    if (this.#end !== undefined) return Promise.reject(new InspectorError(`${method}: ${this.#end}`));
    const id = ++this.#ids;
    this.#webSocket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  /** Listens to events of this name from now on, for example `HeapProfiler.addHeapSnapshotChunk`. */
  on(event: string, listener: (params: Fields) => void): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  /** Waits for the next event of this name. */
  next(event: string): Promise<Fields> {
    return new Promise((resolve) => this.on(event, resolve));
  }

  /**
   * Ends the session and rejects the pending calls. The process still executes earlier commands. An inspector that was
   * opened for the session stays open: others may use it too. A second call does nothing.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    if (this.#end === undefined) {
      this.#over('the session was closed');
      this.#webSocket.close();
    }
    await inTime(this.ended, AbortSignal.timeout(FAREWELL_MS), 'no farewell').catch(() => this.#webSocket.destroy());
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
