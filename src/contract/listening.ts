/** What workers ask of the primary's sockets, and what the primary answers: part of the protocol in src/ipc/messages.ts. */

/** What `net.Server#listen` asked for, after Node has normalized its arguments and looked the host up. */
export interface ListenQuery {
  /** An IP address, null for all of them, or the path of a Unix socket. */
  readonly address: string | null;
  /** -1 for a Unix socket. */
  readonly port: number;
  readonly family: 4 | 6 | -1;
  readonly ipv6Only: boolean;
  /** Which `listen(0)` of this worker it is: the n-th of every worker gets the same port. 0 when the port is fixed. */
  readonly ordinal: number;
  /** Unix sockets: open the permissions to other users. */
  readonly readableAll: boolean;
  readonly writableAll: boolean;
  /** TLS session ticket keys: the first worker's become everyone's, so that sessions resume in any worker. */
  readonly data: unknown;
}

/** What `dgram.Socket#bind` asked for, never at port 0. */
export interface DatagramQuery {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly ipv6Only: boolean;
  readonly reuseAddress: boolean;
}

/** The answer to a `listen`. It comes with the handle of the socket of the worker's slot. */
export interface Granted {
  readonly type: 'granted';
  readonly request: number;
  readonly listener: number;
  readonly slot: number;
  readonly data: unknown;
  /** The socket is systemd's, and so is its path. */
  readonly isPassed: boolean;
  /** Another worker serves there: nothing is accepted before `accept` comes. */
  readonly isParked: boolean;
}

/** The other answer to a `listen`. */
export interface Denied {
  readonly type: 'denied';
  readonly request: number;
  readonly errno: number;
  readonly address: string;
  readonly port: number;
}

/** The answer to a `bind`. It comes with the handle of a UDP socket, which other workers may have too, where `errno` is 0. */
export interface DatagramBound {
  readonly type: 'bound';
  readonly request: number;
  readonly socket: number;
  readonly errno: number;
}

/** What the primary tells a worker of its listening sockets. */
export type ListenerMessage =
  | Granted
  | Denied
  /** The worker leaves: nothing is opened for it any more, and its server listens to nobody. */
  | { readonly type: 'late'; readonly request: number }
  /** Accept from the slot's own socket. It comes with the handle where `park` had that closed. */
  | { readonly type: 'accept'; readonly listener: number; readonly slot: number }
  /** Stop accepting from the slot's own socket, and close it, until `accept` comes. Connections stay. */
  | { readonly type: 'park'; readonly listener: number }
  /** Comes with the handle of another slot's socket: accept from that too, its own worker cannot. */
  | { readonly type: 'adopt'; readonly listener: number; readonly slot: number }
  /** The slot has a worker again: stop accepting from its socket. */
  | { readonly type: 'release'; readonly listener: number; readonly slot: number };
