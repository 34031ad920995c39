import { detectorOf, type Fallbacks, type IsThere } from '../node-parts.ts';

const fallbacks = {
  'Server._handle': 'connections are read through streams, which costs more',
  'Server._connections': 'connections are read through streams, which costs more',
  'Socket._server': 'connections are read through streams, which costs more',
  'Socket._handle':
    'writeTimeout counts what was given to the kernel, and a response that breaks off is sent before it is reset',
  'TCP.writeLatin1String': 'responses are written through the stream, which costs more',
  'Socket._parent': 'a response over TLS that breaks off ends without a reset',
};

export type HttpPart = keyof typeof fallbacks;

/** The private parts of Node.js that the HTTP server uses, and what it does without each. */
export const httpParts: Fallbacks<HttpPart> = fallbacks;

export const isThere: IsThere<HttpPart> = detectorOf(httpParts);
