/** The ways in which a request can end without its answer, and what they mean. */
export const lossCauses = {
  refused: 'no process listened',
  reset: 'the connection was reset before a byte of the answer',
  closed: 'the connection was closed before a byte of the answer',
  cut: 'the connection ended in the middle of the answer',
  timeout: 'no whole answer came in time',
  status: 'the status was not the expected one',
  wrong: 'the answer was whole, but not the right one',
  local: "the client's own machine could not open a connection: ports or file descriptors are used up",
} as const;

/** A cause of a loss; `lossCauses` says what each means. */
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
  // The file of a Unix socket is gone.
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
 * Tells what a connection's error did to the request on it. An error that does not come from the system, such as a bad
 * certificate, counts as a wrong answer.
 *
 * @param started whether a byte of the answer had arrived.
 */
export function lossOf(error: Error, started: boolean): Lost {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const cause = causeOfCode[code] ?? 'wrong';
  return new Lost(started && cause === 'reset' ? 'cut' : cause, error.message);
}
