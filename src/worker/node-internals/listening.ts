import cluster from 'node:cluster';
import type { Server } from 'node:net';
import type { NativeClient } from '../../listeners/native.ts';
import { isThere } from './parts.ts';

/** What net.Server#listen asks node:cluster in a worker, once it has normalized its arguments and looked the host up. */
export interface Query {
  readonly address: string | null;
  readonly port: number | null;
  readonly addressType: number | string | null;
  readonly fd?: number | null;
  readonly flags?: number;
  readonly readableAll?: boolean;
  readonly writableAll?: boolean;
}

export type Answer = (errno: number, handle: object | null) => void;

/** @param object is the net.Server, or the dgram.Socket, that listens. */
export type GetServer = (object: object, query: Query, answer: Answer) => void;

interface PrivateServer extends Server {
  _handle?: object | null;
  readonly _connections?: number;
  readonly _listeningId?: number;
}

/**
 * Answers what net.Server asks node:cluster for. The servers of net, http, https, http2, tls and any framework all ask.
 *
 * @param make gets node:cluster's own answer
 * @returns false where this Node.js does not ask
 */
export function answerGetServer(make: (original: GetServer) => GetServer): boolean {
  const internals = cluster as unknown as { _getServer?: GetServer };
  const { _getServer: original } = internals;
  if (!isThere('cluster._getServer', typeof original === 'function')) return false;
  internals._getServer = make(original!.bind(cluster));
  return true;
}

/**
 * The arguments of `listen` for a server that shares its port with those of other workers, and no socket: the kernel spreads
 * connections over theirs. A Unix socket cannot be shared so: the second worker that listens there gets EADDRINUSE.
 */
export function listenApart(args: readonly unknown[]): readonly unknown[] {
  const [first, ...rest] = args;
  if (typeof first === 'object' && first !== null) {
    const isAddress = 'port' in first || 'path' in first;
    return isAddress ? [{ ...first, ...apart('port' in first) }, ...rest] : args;
  }
  const callback = args.filter((one) => typeof one === 'function');
  const backlog = rest.find((one) => typeof one === 'number');
  if (typeof first === 'string' && !(Number(first) >= 0))
    return [{ path: first, backlog, ...apart(false) }, ...callback];
  const port = typeof first === 'function' || first === undefined || first === null ? 0 : Number(first);
  const host = rest.find((one) => typeof one === 'string');
  return [{ port, host, backlog, ...apart(true) }, ...callback];
}

function apart(hasPort: boolean): object {
  return { exclusive: true, ...(hasPort && { reusePort: true }) };
}

/**
 * @returns a function that tells whether the server still waits for the same answer: it was not closed meanwhile. Where this
 *   Node.js does not say, the function returns true.
 */
export function stillListening(server: Server): () => boolean {
  const { _listeningId: id } = server as PrivateServer;
  isThere('Server._listeningId', id !== undefined);
  return () => (server as PrivateServer)._listeningId === id;
}

/** The handle that the server accepts from. Undefined where it does not listen, or where {@link showsHandle} is false. */
export function listeningHandleOf(server: Server): object | undefined {
  return (server as PrivateServer)._handle ?? undefined;
}

/** Whether this Node.js lets the handle of a server be seen, and replaced. */
export function showsHandle(server: Server): boolean {
  return isThere('Server._handle', (server as PrivateServer)._handle !== undefined);
}

export function replaceListeningHandle(server: Server, handle: object): void {
  (server as PrivateServer)._handle = handle;
}

interface Accepting {
  onconnection?: (status: number, client: NativeClient) => void;
}

/**
 * Has `filter` look at the connections of a server that accepts by itself, before the server does, and before a part of the
 * application that takes the server's place: it may change the function that Node calls.
 */
export function interceptConnections(
  server: Server,
  filter: { pass(client: NativeClient, admit: (client: NativeClient) => void): void },
): void {
  const handle: Accepting | undefined = showsHandle(server) ? listeningHandleOf(server) : undefined;
  // What cannot be looked at is not served: its clients would be taken for the proxy.
  if (handle === undefined) return void server.close();
  let accept = handle.onconnection;
  const seen = new WeakSet<NativeClient>();
  const admit = (client: NativeClient): void => {
    if (listeningHandleOf(server) === handle) accept?.call(handle, 0, client);
    else client.close();
  };
  const onConnection = (status: number, client: NativeClient): void => {
    if (status !== 0 || seen.has(client)) return accept?.call(handle, status, client);
    seen.add(client);
    filter.pass(client, admit);
  };
  Object.defineProperty(handle, 'onconnection', {
    configurable: true,
    get: () => onConnection,
    set(next: Accepting['onconnection']) {
      accept = next;
    },
  });
}

/** A server as `child.send` takes it, with another handle that is sent in place of its own. */
export function withHandle(server: Server, handle: object): Server {
  return Object.create(server, { _handle: { value: handle, writable: true } }) as Server;
}

const counted = new WeakMap<Server, number>();

/** From now on {@link openConnections} knows the server. This has to be called before the server accepts. */
export function countConnections(server: Server): void {
  if (isThere('Server._connections', (server as PrivateServer)._connections !== undefined) || counted.has(server))
    return;
  counted.set(server, 0);
  server.on('connection', (socket) => {
    counted.set(server, counted.get(server)! + 1);
    socket.once('close', () => counted.set(server, counted.get(server)! - 1));
  });
}

/** How many connections of the server are open, as `getConnections` tells later. */
export function openConnections(server: Server): number {
  return (server as PrivateServer)._connections ?? counted.get(server) ?? 0;
}
