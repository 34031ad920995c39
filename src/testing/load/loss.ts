/** How a request can end without its answer, and what that means. */
export const lossCauses = {
  refused: 'nobody listened',
  reset: 'the connection was reset before a byte of the answer',
  closed: 'the connection was closed before a byte of the answer',
  cut: 'the connection ended in the middle of the answer',
  timeout: 'no whole answer in time',
  status: 'another status than expected',
  wrong: 'a whole answer, but not the right one',
  local: "the client's own machine could not open a connection: ports or file descriptors are used up",
} as const;

/** One of the causes for which a request is lost; `lossCauses` says what each means. */
export type LossCause = keyof typeof lossCauses;

/** A request that got no answer, or not the right one. */
export class Lost extends Error {
  readonly loss: LossCause;

  static {
    this.prototype.name = 'Lost';
  }

  constructor(loss: LossCause, detail: string) {
    super(detail);
    this.loss = loss;
  }
}

const causeOfCode: Readonly<Record<string, LossCause>> = {
  ECONNREFUSED: 'refused',
  // A Unix socket whose file is gone.
  ENOENT: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EADDRNOTAVAIL: 'local',
  EADDRINUSE: 'local',
  EMFILE: 'local',
  ENFILE: 'local',
  ENOBUFS: 'local',
};

/**
 * What a connection's error did to the request on it. Whatever is none of the system's errors, such as a bad certificate, is
 * an answer that is not the right one.
 *
 * @param started a byte of the answer had come.
 */
export function lossOf(error: Error, started: boolean): Lost {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const cause = causeOfCode[code] ?? 'wrong';
  return new Lost(started && cause === 'reset' ? 'cut' : cause, error.message);
}
