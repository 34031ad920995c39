import { Channel, type SentHandle } from '../ipc/channel.ts';
import type { PrimaryMessage, WorkerMessage } from '../ipc/messages.ts';

type MessageOf<Type extends PrimaryMessage['type']> = Extract<PrimaryMessage, { type: Type }>;
type Handlers = { [Type in PrimaryMessage['type']]?: (message: MessageOf<Type>, handle: unknown) => void };

/** How often it is looked whether the channel has closed without a word, ms: as often as rows are written. */
const PERIOD = 250;

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
    // The primary is the process that made this one, so its messages are not doubted as a worker's are there.
    this.#channel = new Channel(process, (body, handle) => this.#receive(body as PrimaryMessage, handle));
    process.channel?.unref();
    sayWhenItCloses();
    process.on('newListener', (name) => name === 'message' && this.hold());
    process.on('removeListener', (name) => name === 'message' && this.unhold());
  }

  on<Type extends PrimaryMessage['type']>(type: Type, handler: Handlers[Type]): void {
    this.#handlers[type] = handler;
  }

  /** As {@link Channel.send}. */
  send(message: WorkerMessage, handle?: SentHandle, written?: (error: Error | null) => void): boolean {
    return this.#channel.send(message, handle, written);
  }

  /** Keeps the process alive until `unhold`. */
  hold(): void {
    if (++this.#holds === 1) process.channel?.ref();
  }

  unhold(): void {
    if (--this.#holds === 0) process.channel?.unref();
  }

  /** Never keeps the process alive again. */
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
 * While a handle that was sent is not acknowledged, Node has 'disconnect' wait for the acknowledgement, also when the channel
 * has closed and it cannot come any more (lib/internal/child_process.js, `disconnect`, of Node 20 to 26): a worker whose
 * primary dies then would never hear of it. So it is said here, as Node does it elsewhere, to everyone who listens.
 */
function sayWhenItCloses(): void {
  const timer = setInterval(() => {
    if (!process.connected && !process.channel) process.emit('disconnect');
  }, PERIOD).unref();
  process.once('disconnect', () => clearInterval(timer));
}
