import { Channel, type SentHandle } from '../ipc/channel.ts';
import { HandlesPastNode } from '../ipc/handle-reader.ts';
import type { PrimaryMessage, WorkerMessage } from '../ipc/messages.ts';

type MessageOf<Type extends PrimaryMessage['type']> = Extract<PrimaryMessage, { type: Type }>;
type Handlers = { [Type in PrimaryMessage['type']]?: (message: MessageOf<Type>, handle: unknown) => void };

/** How often the channel is looked at, which may have closed without a word: rows are written as often. */
const POLL_MS = 250;

/**
 * The worker's end of the channel to the primary.
 *
 * A channel keeps a process alive. A worker should live as long as the application would without prefork, so this one
 * does not, except while an answer is awaited (`hold`) or when the application itself listens for messages.
 */
export class Link {
  readonly #channel: Channel<WorkerMessage>;
  readonly #handlers: Handlers = {};
  #holds = 0;

  constructor() {
    // The primary is the process that made this one, so its messages are not checked as it checks those of workers.
    this.#channel = new Channel(
      process,
      (body, handle) => this.#receive(body as PrimaryMessage, handle),
      HandlesPastNode.of(process),
    );
    this.on('settle', () => {
      this.#channel.holdHandles();
      this.send({ type: 'settled' });
    });
    this.on('prove', () => this.#channel.sendEnd({ type: 'proof' }, { type: 'proof', unsent: true }));
    this.on('resume', () => this.#channel.releaseHandles());
    process.channel?.unref();
    sayWhenItCloses();
    process.on('newListener', (name) => name === 'message' && this.hold());
    process.on('removeListener', (name) => name === 'message' && this.unhold());
  }

  on<Type extends PrimaryMessage['type']>(type: Type, handler: Handlers[Type]): void {
    this.#handlers[type] = handler;
  }

  /** Does the same as {@link Channel.send}. */
  send(message: WorkerMessage, handle?: SentHandle, written?: (error: Error | null) => void): boolean {
    return this.#channel.send(message, handle, written);
  }

  /** Does the same as {@link Channel.sendPast}. */
  sendPast(message: WorkerMessage, handle: SentHandle): boolean {
    return this.#channel.sendPast(message, handle);
  }

  /** Does the same as {@link Channel.sendBehind}. */
  sendBehind(message: WorkerMessage): boolean {
    return this.#channel.sendBehind(message);
  }

  /** Does the same as {@link Channel.sendSoon}. */
  sendSoon(message: WorkerMessage, written?: (error: Error | null) => void): boolean {
    return this.#channel.sendSoon(message, written);
  }

  /** Keeps the process alive until `unhold`. */
  hold(): void {
    if (++this.#holds === 1) process.channel?.ref();
  }

  unhold(): void {
    if (--this.#holds === 0) process.channel?.unref();
  }

  /** From now on the channel never keeps the process alive again. */
  letGo(): void {
    this.#holds = -Infinity;
    process.channel?.unref();
  }

  #receive<Type extends PrimaryMessage['type']>(message: MessageOf<Type>, handle: unknown): void {
    const handler = this.#handlers[message.type];
    handler?.(message, handle);
  }
}

/**
 * Emits 'disconnect' when the channel has closed and Node does not. While a handle that was sent is not acknowledged, Node has
 * 'disconnect' wait for the acknowledgement. It does so even when the channel has closed and none can come any more
 * (lib/internal/child_process.js, `disconnect`, of Node 20 to 26). So a worker whose primary dies then would never hear of it.
 */
function sayWhenItCloses(): void {
  const timer = setInterval(() => {
    if (!process.connected && !process.channel) process.emit('disconnect');
  }, POLL_MS).unref();
  process.once('disconnect', () => clearInterval(timer));
}
