import { Server, type AddressInfo } from 'node:net';
import { constants } from 'node:os';
import type { Server as TlsServer } from 'node:tls';
import type { WorkerContext } from '../../ipc/context.ts';
import type { Denied, Granted, ListenQuery } from '../../contract/listening.ts';
import { decodeWorkerMessage, type WorkerMessage } from '../../ipc/messages.ts';
import { DESCRIPTOR_PREFIX } from '../../listeners/address.ts';
import type { NativeHandle } from '../../listeners/native.ts';
import { Datagrams, type DatagramBind } from './datagrams.ts';
import { callerOf, listenError, resolvePath, type Caller, type FailedListen } from './listen-error.ts';
import type { Link } from '../link.ts';
import { answerGetServer, listenApart, stillListening, type Answer, type Query } from '../node-internals/index.ts';
import type { Servers } from './servers.ts';
import { SlotHandle, type Steering } from './slot-handle.ts';
import { standIn, standInFor } from './stand-in.ts';

/** A TLS server, whose session tickets are to be taken by every worker. */
type TicketServer = Server & Partial<Pick<TlsServer, 'getTicketKeys' | 'setTicketKeys'>>;

/** libuv's UV_TCP_IPV6ONLY, in `Query.flags`. */
const IPV6_ONLY = 1;

export interface ListenParts {
  readonly link: Link;
  readonly servers: Servers;
  readonly sharing: WorkerContext['sharing'];
  /** Hears of each question; the process stays alive until it is answered. */
  readonly onAsked: () => void;
  /** Hears that another worker accepts for this one's slot, or does no more. */
  readonly onParked: (isParked: boolean) => void;
  /** The worker drains: what listens now accepts nothing. */
  readonly isLeaving: () => boolean;
  /** Decides who serves what is accepted; undefined where that is whoever accepts. */
  readonly steering: Steering | undefined;
}

/**
 * Makes every `net.Server#listen` of the application ask the primary for its slot's socket, whoever calls it: http,
 * https, http2, tls and any framework end up in `answerGetServer`. Node itself keeps doing the rest (arguments,
 * look-ups, events, `exclusive`), so that nothing else differs from a plain process.
 *
 * The answer may take its time: a spare's comes when it is promoted. And a worker that drains need not ask.
 */
export function interceptListen(parts: ListenParts): void {
  const { link, servers, sharing, onAsked, onParked, isLeaving, steering } = parts;
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
      // Node would read a property of the missing handle; a server closed meanwhile wants no error either.
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
        const { listener } = message;
        const events = {
          listening: () => {
            if (!servers.has(server)) servers.add(server, handle);
            announce(link, server, { type: 'listening', listener });
          },
          opened: () => {
            onParked(true);
            servers.add(server, handle);
            announce(link, server, { type: 'opened', listener });
          },
          parked: onParked,
          closed: () => link.send({ type: 'closed', listener }),
          returned: () => link.send({ type: 'returned', listener }),
        };
        const handle: SlotHandle = new SlotHandle(message, socket, events, steering);
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

  // One question at a time: a server that was closed before its answer came gives the address back first, and the next
  // one can have it.
  const settle = (request: number) => {
    const waiter = waiting.get(request);
    waiting.delete(request);
    setImmediate(() => {
      questions.shift();
      if (questions.length > 0) link.send(questions[0]!);
      link.unhold();
    });
    return waiter;
  };
  link.on('granted', (message, handle) => settle(message.request)?.granted(message, handle as NativeHandle));
  link.on('denied', (message) => settle(message.request)?.denied(message));
  link.on('late', ({ request }) => settle(request)?.late());
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
    // Its server was closed while this was on its way.
    socket.close();
    link.send({ type: 'returned', listener });
  });
  link.on('release', ({ listener, slot }) => servers.byListener(listener)?.release(slot));
}

/**
 * What is not ours (`exclusive`, `{ fd }`, and everything with node:cluster's own scheduling) listens without asking, but
 * the primary has to hear of it, and a drain has to find it.
 *
 * @param isShared false where a Node.js lets nobody answer in node:cluster's place: then nothing is
 */
function observeListen(
  { link, servers, isLeaving }: ListenParts,
  pending: WeakMap<Server, Caller>,
  isShared: boolean,
): void {
  // eslint-disable-next-line typescript/unbound-method -- called with the server as `this`
  const original = Server.prototype.listen;
  Server.prototype.listen = function listen(this: Server, ...args: unknown[]) {
    // Not another one: a program may try to listen again and again until a port is free. And none that stays: the
    // application sees its server's listeners.
    if (!this.listeners('listening').includes(onListening)) this.prependOnceListener('listening', onListening);
    pending.set(this, callerOf(listen));
    return Reflect.apply(original, this, isShared ? args : listenApart(args)) as Server;
  };

  function onListening(this: Server): void {
    if (servers.has(this)) return;
    // Before the event loop could accept anything.
    if (isLeaving()) return standIn(this);
    servers.add(this, undefined);
    const name = nameOf(this);
    announce(link, this, { type: 'serving', ...name });
    this.once('close', () => link.send({ type: 'ceased', ...name }));
  }
}

/** What a server that nobody listens to says of itself: what it was told. */
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
 * Tells the primary, unless the server is closed again at once: many programs look for a free port with a throw-away
 * server that they close in its 'listening' event, which comes before `setImmediate`.
 */
function announce(link: Link, server: Server, message: WorkerMessage): void {
  setImmediate(() => server.listening && link.send(message));
}

/** Of the process that was started with it, as in node:cluster, which is the primary. */
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

/** As Node.js itself has them travel to node:cluster's primary. */
function ticketKeysOf(server: TicketServer): unknown {
  return server.getTicketKeys && { ticketKeys: server.getTicketKeys().toString('hex') };
}

function takeTicketKeys(server: TicketServer, data: unknown): void {
  const { ticketKeys } = data as { readonly ticketKeys: string };
  server.setTicketKeys?.(Buffer.from(ticketKeys, 'hex'));
}
