import { Server, type AddressInfo } from 'node:net';
import { constants } from 'node:os';
import type { Server as TlsServer } from 'node:tls';
import type { WorkerBriefing } from '../../ipc/briefing.ts';
import type { Denied, Granted, ListenQuery } from '../../contract/listening.ts';
import { decodeWorkerMessage, type WorkerMessage } from '../../ipc/messages.ts';
import { DESCRIPTOR_PREFIX } from '../../listeners/address.ts';
import type { NativeHandle } from '../../listeners/native.ts';
import { Datagrams, type DatagramBind } from './datagrams.ts';
import { callerOf, listenError, resolvePath, type Caller, type FailedListen } from './listen-error.ts';
import type { Link } from '../link.ts';
import {
  answerGetServer,
  interceptConnections,
  listenApart,
  stillListening,
  type Answer,
  type Query,
} from '../node-internals/index.ts';
import type { Servers } from './servers.ts';
import { SlotHandle, type SlotHandleEvents, type Interceptors } from './slot-handle.ts';
import { standIn, standInFor } from './stand-in.ts';
import { UnsharedServers } from './unshared.ts';

/** A TLS server. Every worker is to take the session tickets that one of them has issued. */
type TicketServer = Server & Partial<Pick<TlsServer, 'getTicketKeys' | 'setTicketKeys'>>;

/** libuv's UV_TCP_IPV6ONLY, in `Query.flags`. */
const IPV6_ONLY = 1;

export interface ListenParts {
  readonly link: Link;
  readonly servers: Servers;
  readonly sharing: WorkerBriefing['sharing'];
  /** Hears of each question. The process stays alive until it is answered. */
  readonly onAsked: () => void;
  /** Hears that another worker accepts for this one's slot, or no longer does. */
  readonly onParked: (isParked: boolean) => void;
  /** Whether the worker drains. Servers that begin to listen then accept nothing. */
  readonly isLeaving: () => boolean;
  readonly interceptors: Interceptors;
}

/**
 * Makes every `net.Server#listen` of the application ask the primary for its slot's socket. The servers of http, https, http2,
 * tls and any framework all end up in `answerGetServer`. Node itself keeps doing the rest (arguments, look-ups, events,
 * `exclusive`), so that nothing else differs from a plain process.
 *
 * The answer may take its time: a spare's comes when it is promoted. A worker that drains does not ask.
 */
export function interceptListen(parts: ListenParts): void {
  const { link, servers, sharing, onAsked, isLeaving, interceptors } = parts;
  const pending = new WeakMap<Server, Caller>();
  const waiting = new Map<
    number,
    { granted(message: Granted, socket: NativeHandle): void; denied(message: Denied): void; late(): void }
  >();
  const datagrams = new Datagrams(link);
  const ordinals = new Map<string, number>();
  const questions: WorkerMessage[] = [];
  let requests = 0;

  const ask = (object: object, query: Query, answer: Answer): void => {
    if (!(object instanceof Server)) return datagrams.bind(query as DatagramBind, answer);
    const server: TicketServer = object;
    const late = (): void => answer(0, standInFor(nameAsked(query)));
    if (isLeaving()) {
      setImmediate(late);
      return;
    }
    const request = ++requests;
    const isWaiting = stillListening(server);
    const question = { type: 'listen', request, ...fieldsOf(server, query, ordinals) } as const;
    const denied = (failed: FailedListen): void => {
      // The answer is not given to Node, which would read a property of the missing handle. A server that was closed meanwhile
      // wants no error either.
      if (!isWaiting()) return;
      const address = typeof query.fd === 'number' ? null : failed.address;
      server.emit('error', listenError({ ...failed, address }, pending.get(server)));
    };
    // What the primary would not believe, such as a path that is far too long, is never sent: no answer would come.
    if (decodeWorkerMessage(question) === undefined) {
      setImmediate(() => denied({ ...question, errno: -constants.errno.EINVAL }));
      return;
    }
    waiting.set(request, {
      granted(message, socket) {
        const handle = new SlotHandle(message, socket, eventsOf(parts, server, message.listener), interceptors);
        if (message.data !== undefined) takeTicketKeys(server, message.data);
        // When `close` came first, Node closes the handle instead of listening on it.
        answer(0, handle);
      },
      denied,
      late,
    });
    link.hold();
    questions.push(question);
    if (questions.length === 1) link.send(questions[0]!);
    onAsked();
  };
  const isAsked = answerGetServer((original) => (object, query, answer) => {
    if (sharing !== 'round-robin') return ask(object, query, answer);
    link.hold();
    original(object, query, (errno, handle) => {
      link.unhold();
      answer(errno, handle);
    });
  });
  observeListen(parts, pending, isAsked || sharing === 'round-robin');

  // The primary is asked one question at a time. So a server that was closed before its answer came gives the address back
  // first, and the next one can have it.
  const takeWaiter = (request: number) => {
    const waiter = waiting.get(request);
    waiting.delete(request);
    setImmediate(() => {
      questions.shift();
      if (questions.length > 0) link.send(questions[0]!);
      link.unhold();
    });
    return waiter;
  };
  link.on('granted', (message, handle) => takeWaiter(message.request)?.granted(message, handle as NativeHandle));
  link.on('denied', (message) => takeWaiter(message.request)?.denied(message));
  link.on('late', ({ request }) => takeWaiter(request)?.late());
  link.on('accept', ({ listener }, handle) => {
    const socket = handle as NativeHandle | undefined;
    const owner = servers.byListener(listener);
    if (owner === undefined) socket?.close();
    else owner.accept(socket);
  });
  link.on('park', ({ listener }) => servers.byListener(listener)?.park());
  link.on('adopt', ({ listener, slot }, handle) => {
    const socket = handle as NativeHandle;
    const owner = servers.byListener(listener);
    if (owner !== undefined) return owner.adopt(slot, socket);
    // The server was closed while the socket was on its way.
    socket.close();
    link.send({ type: 'returned', listener });
  });
  link.on('release', ({ listener, slot }) => servers.byListener(listener)?.release(slot));
}

/** What a handle tells is told to the primary, and to the parts of this worker. */
function eventsOf({ link, servers, onParked }: ListenParts, server: Server, listener: number): SlotHandleEvents {
  return {
    listening(handle) {
      if (!servers.has(server)) servers.add(server, handle);
      announce(link, server, { type: 'listening', listener });
    },
    opened(handle) {
      onParked(true);
      servers.add(server, handle);
      announce(link, server, { type: 'opened', listener });
    },
    parked: onParked,
    closed: () => void link.send({ type: 'closed', listener }),
    returned: () => void link.send({ type: 'returned', listener }),
  };
}

/**
 * Watches servers that listen without asking the primary: those with `exclusive`, and all with node:cluster's own scheduling.
 * The primary has to hear of them, and a drain has to find them.
 *
 * @param isShared false where this Node.js does not let prefork answer in node:cluster's place: then each server gets a socket
 *   of its own
 */
function observeListen(
  { link, servers, isLeaving, interceptors }: ListenParts,
  pending: WeakMap<Server, Caller>,
  isShared: boolean,
): void {
  // eslint-disable-next-line typescript/unbound-method -- called with the server as `this`
  const original = Server.prototype.listen;
  const unshared = new UnsharedServers(link);
  Server.prototype.listen = function listen(this: Server, ...args: unknown[]) {
    // A second listener is not added, because a program may try to listen again and again until a port is free. The listener
    // does not stay, because the application sees its server's listeners.
    if (!this.listeners('listening').includes(onListening)) this.prependOnceListener('listening', onListening);
    pending.set(this, callerOf(listen));
    unshared.listens(this, args);
    return Reflect.apply(original, this, isShared ? args : listenApart(args)) as Server;
  };

  function onListening(this: Server): void {
    if (servers.has(this)) return;
    // This comes before the event loop could accept anything.
    if (isLeaving()) return standIn(this);
    if (interceptors.filter !== undefined) interceptConnections(this, interceptors.filter);
    servers.add(this, undefined);
    const name = nameOf(this);
    announce(link, this, { type: 'serving', ...name });
    this.once('close', () => link.send({ type: 'ceased', ...name }));
  }
}

/** The address that a server without a socket says that it has: the one that it was told. */
function nameAsked({ address, port, addressType }: Query): AddressInfo | undefined {
  if (port === -1 || addressType === -1) return undefined;
  const family = addressType === 6 || addressType === 'IPv6' ? 'IPv6' : 'IPv4';
  return { address: address ?? (family === 'IPv6' ? '::' : '0.0.0.0'), port: port ?? 0, family };
}

function nameOf(server: Server): { address: string; port: number } {
  const name = server.address();
  if (typeof name === 'string') return { address: resolvePath(name), port: -1 };
  return { address: name?.address ?? '', port: name?.port ?? 0 };
}

/**
 * Tells the primary, unless the server is closed again at once. Many programs look for a free port with a throw-away server
 * that they close in its 'listening' event, which comes before `setImmediate`.
 */
function announce(link: Link, server: Server, message: WorkerMessage): void {
  setImmediate(() => server.listening && link.send(message));
}

/** Asks for a descriptor. As in node:cluster, it is one of the process that was started with it, which is the primary. */
function descriptorFields(server: TicketServer, fd: number): ListenQuery {
  const address = `${DESCRIPTOR_PREFIX}${fd}`;
  const data = ticketKeysOf(server);
  const access = { readableAll: false, writableAll: false };
  return { address, port: -1, family: -1, ipv6Only: false, ordinal: 0, ...access, data };
}

function fieldsOf(server: TicketServer, query: Query, ordinals: Map<string, number>): ListenQuery {
  if (typeof query.fd === 'number') return descriptorFields(server, query.fd);
  const family = query.addressType === 6 || query.addressType === 'IPv6' ? 6 : query.port === -1 ? -1 : 4;
  const port = query.port ?? 0;
  const ipv6Only = ((query.flags ?? 0) & IPV6_ONLY) !== 0;
  const key = `${family} ${query.address ?? ''} ${ipv6Only}`;
  const ordinal = port === 0 ? (ordinals.get(key) ?? 0) : 0;
  if (port === 0) ordinals.set(key, ordinal + 1);
  return {
    address: family === -1 ? resolvePath(query.address!) : query.address,
    port,
    family,
    ipv6Only,
    ordinal,
    readableAll: query.readableAll === true,
    writableAll: query.writableAll === true,
    data: ticketKeysOf(server),
  };
}

/** The keys travel to the primary as those of Node.js itself travel to that of node:cluster. */
function ticketKeysOf(server: TicketServer): unknown {
  return server.getTicketKeys && { ticketKeys: server.getTicketKeys().toString('hex') };
}

function takeTicketKeys(server: TicketServer, data: unknown): void {
  const { ticketKeys } = data as { readonly ticketKeys: string };
  server.setTicketKeys?.(Buffer.from(ticketKeys, 'hex'));
}
