import { MessageReader, type Message } from './sse.ts';

/** The state of the connection to the server. */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** There is no answer, or it broke off. The page tries again. */
  | { readonly kind: 'lost' }
  /** Too many dashboards are open. The page tries again. */
  | { readonly kind: 'full' }
  /** The server said that it stops. The page tries again, because the server may be restarted. */
  | { readonly kind: 'ended' }
  /** The token is wrong or missing. */
  | { readonly kind: 'refused' };

export interface StreamEvents {
  readonly token: () => string | undefined;
  readonly message: (message: Message) => void;
  readonly link: (link: Link) => void;
}

/** A frame comes every second. After this much silence the connection is dead, whatever TCP thinks. */
const SILENCE_MS = 5000;

/** The pause between two attempts grows from the first value to the last. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4000;

/**
 * Receives the server's messages as long as the page is open. It uses `fetch` and not EventSource, which sends no token
 * and does not say why there is no answer. The stream owns the connection and its timers.
 */
export class Stream {
  readonly #events: StreamEvents;
  #controller = new AbortController();
  #pause = FIRST_PAUSE_MS;
  #hasEnded = false;
  #isRunning = false;

  constructor(events: StreamEvents) {
    this.#events = events;
  }

  /** Connects, or reconnects with another token or after a refusal. */
  start(): void {
    this.#controller.abort();
    this.#controller = new AbortController();
    this.#pause = FIRST_PAUSE_MS;
    this.#events.link({ kind: 'connecting' });
    void this.#run(this.#controller.signal);
  }

  /** Notes that the server has announced its end. */
  ends(): void {
    this.#hasEnded = true;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const link = await this.#connect(signal);
      if (signal.aborted) return;
      this.#events.link(link);
      if (link.kind === 'refused') return;
      await new Promise((resolve) => setTimeout(resolve, this.#pause));
      this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
    }
  }

  /**
   * Reads one connection to its end.
   *
   * @returns why it ended.
   */
  async #connect(signal: AbortSignal): Promise<Link> {
    const attempt = new AbortController();
    const abort = (): void => attempt.abort();
    signal.addEventListener('abort', abort);
    const silence = new Silence(abort);
    try {
      const response = await fetch('live', { headers: this.#headers(), signal: attempt.signal, cache: 'no-store' });
      if (response.status === 401) return { kind: 'refused' };
      if (response.status === 503) return { kind: 'full' };
      if (response.ok && response.body !== null) await this.#read(response.body, silence);
    } catch {
      // The server is missing or broke off. The consequence is the same.
    } finally {
      silence.end();
      signal.removeEventListener('abort', abort);
    }
    return { kind: this.#hasEnded ? 'ended' : 'lost' };
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>, silence: Silence): Promise<void> {
    const messages = new MessageReader();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    this.#hasEnded = false;
    this.#isRunning = false;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      silence.broken();
      for (const message of messages.read(value)) this.#events.message(message);
      this.#isLive();
    }
  }

  #isLive(): void {
    if (this.#isRunning || this.#hasEnded) return;
    this.#isRunning = true;
    this.#pause = FIRST_PAUSE_MS;
    this.#events.link({ kind: 'live' });
  }

  #headers(): Record<string, string> {
    const token = this.#events.token();
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }
}

/** Calls back when no data came for too long. The object owns its timer. */
class Silence {
  readonly #tooLong: () => void;
  #timer: number;

  constructor(tooLong: () => void) {
    this.#tooLong = tooLong;
    this.#timer = setTimeout(tooLong, SILENCE_MS);
  }

  broken(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#tooLong, SILENCE_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
