import { fstatSync, readdirSync } from 'node:fs';
import { adoptFd, type NativeHandle } from './native.ts';
import { unixSockets, type UnixSocket } from './unix-table.ts';

/** A listening socket that this process was started with. */
export interface InheritedSocket {
  readonly fd: number;
  /** The unit's `FileDescriptorName=`, by default the unit's own name. Several sockets may share a name. */
  readonly name: string;
  /** The address as the kernel has it: an IP address, or the path of a Unix socket. */
  readonly address: string;
  /** The port, and the family below, as in `ListenQuery`: -1 for a Unix socket. */
  readonly port: number;
  readonly family: 4 | 6 | -1;
  readonly handle: NativeHandle;
}

/** The descriptors that a supervisor such as systemd passed. */
export interface Inheritance {
  readonly sockets: InheritedSocket[];
  /** The file descriptor of systemd's notification socket, where the unit has `OpenFile=...:notify`. */
  readonly notify: number | undefined;
}

/**
 * An inherited descriptor cannot be served. The message is one line: which descriptor, what is wrong with it, and what
 * to do.
 */
export class InheritError extends Error {
  readonly code = 'ERR_INHERITED_SOCKET';

  static {
    this.prototype.name = 'InheritError';
  }
}

/** SD_LISTEN_FDS_START of sd_listen_fds(3). */
const FIRST_FD = 3;

/** The limit is beyond any unit's number, and beyond what `LISTEN_FDS` could mean by mistake. */
const MOST_FDS = 4096;

/** The name that `OpenFile=/run/systemd/notify:notify` gives. */
const NOTIFY = 'notify';

/** systemd 258 added the last variable, which identifies a process uniquely. The pid is enough here. */
const VARIABLES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'];

/**
 * Finds the sockets that systemd, or another supervisor with its protocol (sd_listen_fds(3)), gave to this process. The
 * variables about them are removed from the environment, so that no worker believes that the sockets are meant for it.
 *
 * @param pid the pid that `LISTEN_PID` has to name.
 * @throws InheritError when what was passed does not match its description, or cannot be listened on.
 */
export function inheritedSockets(env: NodeJS.ProcessEnv, pid: number = process.pid): Inheritance {
  const passed = passedFds(env, pid);
  for (const variable of VARIABLES) delete env[variable];
  if (passed.length === 0) return { sockets: [], notify: undefined };

  const table = unixSockets();
  const isNotify = ({ fd, name }: PassedFd): boolean => name === NOTIFY && table.get(inodeOf(fd))?.type === 'datagram';
  return {
    sockets: passed.filter((one) => !isNotify(one)).map((one) => toSocket(one, table)),
    notify: passed.find(isNotify)?.fd,
  };
}

interface PassedFd {
  readonly fd: number;
  readonly name: string;
}

/**
 * Lists the passed descriptors. A process that `LISTEN_PID` does not name gets none: see sd_listen_fds_with_names(3).
 */
function passedFds(env: NodeJS.ProcessEnv, pid: number): PassedFd[] {
  const { LISTEN_PID, LISTEN_FDS = '0', LISTEN_FDNAMES } = env;
  if (LISTEN_PID !== String(pid)) return [];
  const count = Number(LISTEN_FDS);
  if (!/^\d+$/.test(LISTEN_FDS) || count > MOST_FDS) {
    throw new InheritError(`LISTEN_FDS=${LISTEN_FDS}: expected how many file descriptors were passed`);
  }
  // This is the name that sd_listen_fds_with_names(3) gives to descriptors without one.
  const names = LISTEN_FDNAMES?.split(':') ?? Array.from({ length: count }, () => 'unknown');
  if (count > 0 && names.length !== count) {
    throw new InheritError(
      `LISTEN_FDNAMES=${LISTEN_FDNAMES}: expected ${count} names with ":" between, one for each file`,
    );
  }
  return Array.from({ length: count }, (_, at) => ({ fd: FIRST_FD + at, name: names[at]! }));
}

function toSocket({ fd, name }: PassedFd, table: ReadonlyMap<number, UnixSocket>): InheritedSocket {
  const refuse = (what: string): InheritError => new InheritError(`inherited file descriptor ${fd} (${name}) ${what}`);
  const inode = inodeOf(fd);
  if (inode === NO_SOCKET) throw refuse('is not a socket: expected what ListenStream= of a .socket unit opens');
  const handle = adoptFd(fd);
  if (typeof handle === 'number') throw refuse('is not a stream socket: expected ListenStream=, not ListenDatagram=');
  if (isConnected(handle, table.get(inode))) {
    handle.close();
    throw refuse('is a connection: expected Accept=no in its .socket unit');
  }
  return { fd, name, handle, ...nameOf(handle, table.get(inode)) };
}

/**
 * Opens a listening socket that this process was started with, under a number that only the application knows.
 *
 * @param inode of the socket that had the number then. The number may be another socket's by now.
 * @returns undefined for anything else.
 */
export function openInherited(fd: number, inode: number, name: string): InheritedSocket | undefined {
  if (inodeOf(fd) !== inode) return undefined;
  const table = unixSockets();
  // A closer look would take ownership, and connected sockets are channels of this process.
  if (table.get(inode)?.isConnected === true) return undefined;
  try {
    return toSocket({ fd, name }, table);
  } catch (error) {
    if (error instanceof InheritError) return undefined;
    throw error;
  }
}

/**
 * Lists the sockets that are open now, each with its inode, without channels of this process. In a process that has opened nothing
 * yet, these are the ones that it was started with. The list is empty without /proc.
 */
export function openDescriptors(): ReadonlyMap<number, number> {
  try {
    const open = readdirSync('/proc/self/fd')
      .map((name) => [Number(name), inodeOf(Number(name))] as const)
      .filter(([fd, inode]) => fd >= FIRST_FD && inode !== NO_SOCKET);
    // The table has all sockets of the machine, and is read only where a process was started with some.
    const table = open.length === 0 ? undefined : unixSockets();
    return new Map(open.filter(([, inode]) => table?.get(inode)?.isConnected !== true));
  } catch {
    return new Map();
  }
}

function isConnected(handle: NativeHandle, unix: UnixSocket | undefined): boolean {
  return handle.getpeername === undefined ? unix?.isConnected === true : handle.getpeername({}) === 0;
}

function nameOf(
  handle: NativeHandle,
  unix: UnixSocket | undefined,
): Pick<InheritedSocket, 'address' | 'port' | 'family'> {
  if (handle.getsockname === undefined) return { address: unix?.path ?? '', port: -1, family: -1 };
  const name: { address?: string; family?: string; port?: number } = {};
  handle.getsockname(name);
  return { address: name.address ?? '', port: name.port ?? 0, family: name.family === 'IPv6' ? 6 : 4 };
}

const NO_SOCKET = -1;

function inodeOf(fd: number): number {
  try {
    const stats = fstatSync(fd);
    return stats.isSocket() ? stats.ino : NO_SOCKET;
  } catch {
    // The descriptor is not open, so the process that passed it counted wrongly.
    return NO_SOCKET;
  }
}
