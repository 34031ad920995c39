import { detectorOf, type Fallbacks, type IsThere } from '../../http/node-parts.ts';

const fallbacks = {
  'cluster._getServer': 'each worker binds a socket of its own with reusePort, and a reload may reset new connections',
  'Server._listeningId': 'a server that is closed before it has its socket may still emit the error of its listen',
  'Server._handle':
    'a server cannot be sent to a child process, and a drain closes the servers that listen by themselves',
  'Server._connections': 'open connections are counted by their events',
  'Socket._handle':
    'connections stay in their worker until they close and are not read in turn, and HTTP/2 sessions end without a notice',
  'Socket._server': 'connections stay in their worker until they close',
  'Socket._httpMessage': 'connections of node:http stay in their worker until they close',
  'Socket._paused': 'connections of node:http stay in their worker until they close',
  'Socket._parent': 'a TLS connection counts as idle while only a part of a record has come',
  'http.server.connections': 'connections stay in their worker, and idle ones close at keepAliveTimeout',
  'HTTPParser._consumed': 'connections of node:http stay in their worker until they close',
  'HTTPParser.kOnMessageBegin': 'connections of node:http stay in their worker until they close',
  'HTTPParser.kOnHeadersComplete':
    'a connection that has moved counts as new, so that headersTimeout runs from its arrival',
  'HTTPParser.kOnMessageComplete':
    'a connection that has moved counts as new, so that headersTimeout runs from its arrival',
  'TCP.owner_symbol':
    'a connection that has moved counts as new, so that headersTimeout runs from its arrival, and connections of trusted proxies are closed',
};

export type WorkerPart = keyof typeof fallbacks;

/**
 * The private parts of Node.js that a worker uses, and what it does without each of them.
 * test/process/serving/node-parts.test.ts takes them away one by one.
 */
export const workerParts: Fallbacks<WorkerPart> = fallbacks;

export const isThere: IsThere<WorkerPart> = detectorOf(workerParts);

/** Those that were found. To look through the symbols of an object costs each connection that moves several microseconds. */
const found = new Map<string, symbol>();

/** Undefined where the object has no symbol of this description. Node.js exports none of these symbols. */
export function symbolOf(holder: object, description: string): symbol | undefined {
  const known = found.get(description);
  if (known !== undefined && Object.hasOwn(holder, known)) return known;
  const symbol = Object.getOwnPropertySymbols(holder).find((one) => one.description === description);
  if (symbol !== undefined) found.set(description, symbol);
  return symbol;
}
