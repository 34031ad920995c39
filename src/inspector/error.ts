/** Of a message, characters. */
const LONGEST = 500;

/** Why another process's inspector could not be used. The message is one line and reads after "no stack: ". */
export class InspectorError extends Error {
  readonly code = 'ERR_INSPECTOR';

  /** @param message may have words of the other process's in it, which is not trusted with a terminal. */
  constructor(message: string, options?: ErrorOptions) {
    super(message.slice(0, LONGEST).replaceAll(/\p{Cc}/gu, '?'), options);
  }

  static {
    this.prototype.name = 'InspectorError';
  }
}

/**
 * The promise, or an error with these words once `signal` is aborted: who waits knows best what it was waiting for.
 *
 * @throws InspectorError
 */
export async function inTime<Value>(promise: Promise<Value>, signal: AbortSignal, words: string): Promise<Value> {
  let giveUp = (): void => {};
  const over = new Promise<never>((_, reject) => {
    giveUp = () => reject(new InspectorError(words));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
