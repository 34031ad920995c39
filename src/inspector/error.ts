/** The length of a message in characters. */
const LONGEST = 500;

/**
 * The reason why the inspector of another process could not be used. The message is one line and reads well after "no
 * stack: ".
 */
export class InspectorError extends Error {
  readonly code = 'ERR_INSPECTOR';

  /**
   * Creates the error.
   *
   * @param message may contain text of the other process, which must not reach a terminal unfiltered.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message.slice(0, LONGEST).replaceAll(/\p{Cc}/gu, '?'), options);
  }

  static {
    this.prototype.name = 'InspectorError';
  }
}

/**
 * Returns the promise's value, or throws an error with these words once `signal` aborts. The caller knows best what it
 * was waiting for.
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
