import type { Writable } from 'node:stream';

/** How many characters are remembered. */
const LONGEST_CHARACTERS = 8192;

/** The `write` of a stream of the program, or the function that takes its place for a while. */
type Write = (chunk: unknown, ...rest: unknown[]) => boolean;

/**
 * Remembers the end of what the program writes to `process.stderr`, until it is told to stop. From then on nothing of it is
 * in the way. `console.error` writes there. What Node itself prints of an error, and what child processes print, does not
 * pass here.
 *
 * The stream is made when it is first asked for, as without this: a program that never asks is spared what it costs.
 */
export class EarlyOutput {
  /** The end of what was written. */
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
      // Other code may have put a function around this one: then that one stays, and this one with it.
      if (tapped.write !== write) return;
      if (wasOwn) tapped.write = original;
      else Reflect.deleteProperty(tapped, 'write');
    };
  }

  #remember = (chunk: unknown): void => {
    const text = chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : typeof chunk === 'string' ? chunk : '';
    this.text = (this.text + text).slice(-LONGEST_CHARACTERS);
  };
}
