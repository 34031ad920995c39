/**
 * The reasons to refuse a request: the status that the client gets, and the words for the log and for the error
 * handler. The client gets the status alone.
 */
const table = {
  BAD_METHOD: { status: 400, reason: 'a method is a token, followed by one space' },
  BAD_TARGET: { status: 400, reason: 'the target has a character or a form that is not allowed' },
  BAD_VERSION: { status: 400, reason: 'expected HTTP/1.1 or HTTP/1.0, then CRLF' },
  OTHER_VERSION: { status: 505, reason: 'this server speaks HTTP/1.1 and HTTP/1.0' },
  UNKNOWN_METHOD: { status: 501, reason: 'no registered method' },
  BAD_LINE_END: { status: 400, reason: 'a line ends in CRLF; a CR or LF alone is not allowed' },
  BAD_FIELD_NAME: { status: 400, reason: 'a field is a token, then a colon at once; lines are not folded' },
  BAD_FIELD_VALUE: { status: 400, reason: 'a value has a control character' },
  HEAD_TOO_LARGE: { status: 431, reason: 'the head is larger than readBufferSize' },
  TARGET_TOO_LONG: { status: 414, reason: 'the target is longer than readBufferSize' },
  TOO_MANY_FIELDS: { status: 431, reason: 'more fields than a request may have' },
  BAD_CONTENT_LENGTH: { status: 400, reason: 'Content-Length is one field of digits' },
  TWO_LENGTHS: { status: 400, reason: 'Content-Length and Transfer-Encoding exclude each other' },
  BAD_CODING: { status: 400, reason: 'Transfer-Encoding has to end in chunked, once, and needs HTTP/1.1' },
  OTHER_CODING: { status: 501, reason: 'the only transfer coding is chunked' },
  NO_HOST: { status: 400, reason: 'HTTP/1.1 needs a Host field' },
  BAD_HOST: { status: 400, reason: 'Host is one field with a host and at most a port, of RFC 3986' },
  BAD_CHUNK: { status: 400, reason: 'a chunk is its size in hexadecimal, CRLF, the data, CRLF' },
  BAD_TRAILER: { status: 400, reason: 'a trailer is none of Host, Connection, Upgrade, Expect and those of length' },
  CHUNK_EXTENSIONS_TOO_LARGE: {
    status: 413,
    reason: 'chunk extensions, and zeros before sizes, are larger than their limit',
  },
  AFTER_CLOSE: { status: 400, reason: 'data after a request that was to be the last' },
  BODY_TOO_LARGE: { status: 413, reason: 'the body is larger than maxRequestBodySize' },
  BODIES_TOO_LARGE: { status: 503, reason: 'all bodies in memory are larger than maxBodyMemory' },
  BAD_EXPECT: { status: 417, reason: 'the only expectation is 100-continue' },
  NOT_GET: { status: 405, reason: 'getOnly: the method is neither GET nor HEAD' },
  NO_TUNNEL: { status: 501, reason: 'nobody listens to "connect"' },
  READ_TIMEOUT: { status: 408, reason: 'the request was not complete within readTimeout' },
  HANDLER_TIMEOUT: { status: 503, reason: 'the handler did not answer within handlerTimeout' },
  TOO_MANY_CONNECTIONS: { status: 503, reason: 'more connections than concurrency allows' },
  TOO_MANY_OF_ADDRESS: { status: 429, reason: 'more connections of one client than maxConnsPerIP allows' },
} as const;

/** The name of a reason to refuse a request. */
export type Refusal = keyof typeof table;

export const refusals: Readonly<Record<Refusal, { readonly status: number; readonly reason: string }>> = table;
