/**
 * The requests of workers for the primary's sockets, and the primary's answers. They are part of the protocol in
 * src/ipc/messages.ts.
 */

/** The request of `net.Server#listen`, after Node has normalized its arguments and looked up the host. */
export interface ListenQuery {
  /** An IP address, null for all of them, or the path of a Unix socket. */
  readonly address: string | null;
  /** The port; -1 for a Unix socket. */
  readonly port: number;
  readonly family: 4 | 6 | -1;
  readonly ipv6Only: boolean;
  /**
   * Counts this worker's `listen(0)` calls for the same address, from 0. Calls with the same number get the same port in
   * every worker. The field is 0 and has no meaning when the port is fixed.
   */
  readonly ordinal: number;
  /** Opens the permissions of a Unix socket to other users. */
  readonly readableAll: boolean;
  readonly writableAll: boolean;
  /** TLS session ticket keys. All workers use those of the first one, so that sessions resume in any worker. */
  readonly data: unknown;
}

/** The request of `dgram.Socket#bind`, whose port is never 0. */
export interface DatagramQuery {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly ipv6Only: boolean;
  readonly reuseAddress: boolean;
}

/** The positive answer to a `listen`. The handle of the socket of the worker's slot comes with it. */
export interface Granted {
  readonly type: 'granted';
  readonly request: number;
  readonly listener: number;
  readonly slot: number;
  readonly data: unknown;
  /** True when the socket, and so its path, belongs to systemd. */
  readonly isPassed: boolean;
  /** The file of a Unix socket that prefork has created. */
  readonly file?: { readonly path: string; readonly identity: string } | undefined;
  /** True when another worker serves there: nothing is accepted before `accept` comes. */
  readonly isParked: boolean;
}

/** The negative answer to a `listen`. */
export interface Denied {
  readonly type: 'denied';
  readonly request: number;
  readonly errno: number;
  readonly address: string;
  readonly port: number;
}

/** A server that listens without the primary could not have its address, because it is in use. */
export interface Unshared {
  /** An IP address, or the path of a Unix socket. */
  readonly address: string;
  /** The port; -1 for a Unix socket. */
  readonly port: number;
  /** Why it does not ask the primary: it was told so (`exclusive: true`), or it is in a thread of the application. */
  readonly where: 'exclusive' | 'thread';
}

/**
 * The answer to a `bind`. The handle of a UDP socket comes with it where `errno` is 0. Other workers may share the
 * socket.
 */
export interface DatagramBound {
  readonly type: 'bound';
  readonly request: number;
  readonly socket: number;
  readonly errno: number;
  /** True when another worker reads there: nothing is read before `receive` comes. */
  readonly isParked: boolean;
}

/** The messages of the primary about a worker's UDP sockets. */
export type DatagramMessage =
  | DatagramBound
  /** The worker reads from its sockets from now on, or no longer, because another worker does. */
  | { readonly type: 'receive'; readonly isOn: boolean };

/** The messages of the primary about a worker's listening sockets. */
export type ListenerMessage =
  | Granted
  | Denied
  /** The worker leaves. Nothing is opened for it any more, and its server listens to no socket. */
  | { readonly type: 'late'; readonly request: number }
  /** The worker should accept from the slot's own socket. The handle comes along if `park` had it closed. */
  | { readonly type: 'accept'; readonly listener: number; readonly slot: number }
  /**
   * The worker should stop accepting from the slot's own socket, and close it, until `accept` comes. Connections stay.
   */
  | { readonly type: 'park'; readonly listener: number }
  /**
   * The handle of another slot's socket comes with this. The worker should accept from it too, because the slot's own
   * worker cannot.
   */
  | { readonly type: 'adopt'; readonly listener: number; readonly slot: number }
  /** The slot has a worker again, so this worker should stop accepting from its socket. */
  | { readonly type: 'release'; readonly listener: number; readonly slot: number };
