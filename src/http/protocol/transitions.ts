/*
 * Two machines say what may happen on a connection, in the form of h11 (python-hyper): one for each direction.
 *
 * The request side is what the client sends. It belongs to the connection, and goes round once a request:
 *
 *     IDLE ──BYTES──► HEAD ──HEAD──► BODY ──END──► DONE ──NEXT──► IDLE         (a head in one piece: IDLE ──HEAD──► BODY)
 *
 * A request without a body passes through BODY all the same, within one call. A streamed body whose handler is slower than
 * the client goes from BODY to FULL, and back when the bytes that wait are TAKEN. EOF is the client's FIN, *in its turn*:
 * bytes that the client sent before it and that were read ahead come first. So ten pipelined requests and a FIN are ten
 * requests and then a FIN. A FIN after a whole request (DONE ──► ENDED) leaves the response alone. STOP is the server's
 * decision to read no more: the last response is given, a request was refused, or an idle connection is closed. From then on
 * (DISCARDING) all that comes is thrown away, so that no reset overtakes the response (RFC 9112, 9.6). CLOSED has no socket
 * of ours any more.
 *
 * The response side is the work of the handler. It belongs to the context, which outlives its turn on the connection:
 *
 *     OPEN ──ANSWER──► ANSWERED            OPEN ──BEGIN──► STREAMING ──WRITE*, FINISH──► ANSWERED
 *     OPEN ──SEND──► SENDING ──FINISH──► ANSWERED                     (a Blob: given whole, read while it is sent)
 *
 * Answered and abandoned are two states. A handler that answers twice (any event in ANSWERED) is in error, and is told so. A
 * handler whose client has left, or for which the server has given up waiting, is not: ABANDONED takes every event and
 * stays. Only HIJACK cannot do nothing, because it has to return a socket. TAKEN means that the handler has the connection.
 *
 * Each side moves by its own events alone, and these rules join them:
 *
 * - A handler gets its context when the request is DONE, or at BODY with `streamRequestBody`.
 * - When the request is DONE and the response ANSWERED, the context goes and NEXT happens. STOP happens instead where this was
 *   the last response of the connection: `Connection: close`, HTTP/1.0, a limit, ENDED.
 * - When a response is ANSWERED while the request is in BODY, the rest of the body is skipped.
 * - STOP and CLOSE abandon a response that is not ANSWERED. If it was STREAMING or SENDING, the client has to see that it is
 *   not whole: by chunks or a length without their end, or else (HTTP/1.0) by a reset.
 * - The pair says which clock runs. `writeTimeout` runs while the kernel has not taken all bytes. The clocks of IDLE and
 *   DISCARDING do not run then: they start with the last byte.
 *
 *     request       response          clock            and then
 *     IDLE          -                 idleTimeout      STOP; in a server that closes after LINGER_MS at most
 *     HEAD, BODY    any               readTimeout      408, or a cut; one time for both, from the first byte
 *     FULL          any               handlerTimeout   503, or a cut; meanwhile readTimeout stands still
 *     DONE, ENDED   OPEN              handlerTimeout   503; one time for both, whenever the client ends its side
 *     DONE          STREAMING...      none
 *     ENDED         STREAMING...      handlerTimeout, anew with each piece: a client that has left cannot be told from one
 *                                     that has only said all it wants to say, until something is written
 *     DISCARDING    -                 LINGER_MS        the socket is destroyed
 */
import { TransitionTable } from './transition-table.ts';

// The states of the request side, in an order that counts. From FULL on the next bytes have to wait, and from
// DISCARDING on no more requests are read.
export const IDLE = 0;
export const HEAD = 1;
export const BODY = 2;
export const FULL = 3;
export const DONE = 4;
export const ENDED = 5;
export const DISCARDING = 6;
export const CLOSED = 7;

// The events of the request side.
export const ON_BYTES = 0;
export const ON_HEAD = 1;
export const ON_FULL = 2;
export const ON_TAKEN = 3;
export const ON_END = 4;
export const ON_NEXT = 5;
export const ON_EOF = 6;
export const ON_STOP = 7;
export const ON_CLOSE = 8;

export const requestSide: TransitionTable = new TransitionTable(
  'request',
  ['IDLE', 'HEAD', 'BODY', 'FULL', 'DONE', 'ENDED', 'DISCARDING', 'CLOSED'],
  ['BYTES', 'HEAD', 'FULL', 'TAKEN', 'END', 'NEXT', 'EOF', 'STOP', 'CLOSE'],
  {
    IDLE: { BYTES: 'HEAD', HEAD: 'BODY', EOF: 'ENDED', STOP: 'DISCARDING', CLOSE: 'CLOSED' },
    HEAD: { BYTES: 'HEAD', HEAD: 'BODY', EOF: 'ENDED', STOP: 'DISCARDING', CLOSE: 'CLOSED' },
    BODY: { FULL: 'FULL', END: 'DONE', EOF: 'ENDED', STOP: 'DISCARDING', CLOSE: 'CLOSED' },
    FULL: { TAKEN: 'BODY', EOF: 'ENDED', STOP: 'DISCARDING', CLOSE: 'CLOSED' },
    DONE: { NEXT: 'IDLE', EOF: 'ENDED', STOP: 'DISCARDING', CLOSE: 'CLOSED' },
    ENDED: { STOP: 'DISCARDING', CLOSE: 'CLOSED' },
    DISCARDING: { CLOSE: 'CLOSED' },
    CLOSED: {},
  },
);

// The states of the response side.
export const OPEN = 0;
export const STREAMING = 1;
export const SENDING = 2;
export const ANSWERED = 3;
export const TAKEN = 4;
export const ABANDONED = 5;

// The events of the response side. SET is each call that needs a head which has not been sent.
export const ON_SET = 0;
export const ON_TRAILER = 1;
export const ON_BEGIN = 2;
export const ON_WRITE = 3;
export const ON_ANSWER = 4;
export const ON_SEND = 5;
export const ON_FINISH = 6;
export const ON_HIJACK = 7;
export const ON_ABANDON = 8;

export const responseSide: TransitionTable = new TransitionTable(
  'response',
  ['OPEN', 'STREAMING', 'SENDING', 'ANSWERED', 'TAKEN', 'ABANDONED'],
  ['SET', 'TRAILER', 'BEGIN', 'WRITE', 'ANSWER', 'SEND', 'FINISH', 'HIJACK', 'ABANDON'],
  {
    OPEN: {
      SET: 'OPEN',
      TRAILER: 'OPEN',
      BEGIN: 'STREAMING',
      ANSWER: 'ANSWERED',
      SEND: 'SENDING',
      HIJACK: 'TAKEN',
      ABANDON: 'ABANDONED',
    },
    STREAMING: { TRAILER: 'STREAMING', WRITE: 'STREAMING', FINISH: 'ANSWERED', ABANDON: 'ABANDONED' },
    SENDING: { FINISH: 'ANSWERED', ABANDON: 'ABANDONED' },
    ANSWERED: {},
    TAKEN: {},
    ABANDONED: {
      SET: 'ABANDONED',
      TRAILER: 'ABANDONED',
      BEGIN: 'ABANDONED',
      WRITE: 'ABANDONED',
      ANSWER: 'ABANDONED',
      SEND: 'ABANDONED',
      FINISH: 'ABANDONED',
      ABANDON: 'ABANDONED',
    },
  },
);
