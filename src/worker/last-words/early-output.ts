import type { Writable } from 'node:stream';

/** Characters that are remembered. */
const LONGEST = 8192;

/** A function that a stream of the program has in its place, until it is taken away again. */
type Write = (chunk: unknown, ...rest: unknown[]) => boolean;

/**
 * Remembers the end of what the program writes to `process.stderr`, until it is told to stop: from then on nothing of it
 * is in the way. `console.error` writes there; what Node itself prints of an error, and child processes, do not.
 *
 * The stream is made when it is first asked for, as ever: a program that never does is spared what it costs.
 */
export class EarlyOutput {
  /** What was written last. */
  text = '';
  #takeAway: () => void = () => {};

  constructor() {
    const original = Object.getOwnPropertyDescriptor(process, 'stderr');
    if (original?.get === undefined || original.configurable !== true) return;
    const getStream = original.get.bind(process) as () => Writable;
    const get = (): Writable => {
      const stream = getStream();
      this.#takeAway();
      this.#tap(stream);
      return stream;
    };
    Object.defineProperty(process, 'stderr', { ...original, get });
    this.#takeAway = () => {
      if (Object.getOwnPropertyDescriptor(process, 'stderr')?.get === get) {
        Object.defineProperty(process, 'stderr', original);
      }
    };
  }

  /** Forgets what was written, and hears nothing more. Idempotent. */
  stop(): void {
    this.#takeAway();
    this.#takeAway = () => {};
    this.#remember = () => {};
    this.text = '';
  }

  #tap(stream: Writable): void {
    const tapped = stream as unknown as { write: Write };
    const original = tapped.write;
    const wasOwn = Object.hasOwn(tapped, 'write');
    const write: Write = (chunk, ...rest) => {
      this.#remember(chunk);
      return Reflect.apply(original, stream, [chunk, ...rest]);
    };
    tapped.write = write;
    this.#takeAway = () => {
      // Somebody may have put another function around ours: that one stays, and with it ours.
      if (tapped.write !== write) return;
      if (wasOwn) tapped.write = original;
      else Reflect.deleteProperty(tapped, 'write');
    };
  }

  #remember = (chunk: unknown): void => {
    const text = chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : typeof chunk === 'string' ? chunk : '';
    this.text = (this.text + text).slice(-LONGEST);
  };
}
