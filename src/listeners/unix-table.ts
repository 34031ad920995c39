import { readFileSync } from 'node:fs';

/** A Unix socket as the kernel's table shows it (proc(5), /proc/net/unix). */
export interface UnixSocket {
  readonly type: 'stream' | 'datagram' | 'other';
  /** To a peer: it is the end of a connection, and accepts none. */
  readonly isConnected: boolean;
  /** As Node takes it: with a leading NUL in Linux's abstract namespace. Empty where it has none. */
  readonly path: string;
}

/** SS_CONNECTED of linux/net.h. */
const CONNECTED = 3;

/** `Num: RefCount Protocol Flags Type St Inode Path`; a path may hold anything, and a socket may have none. */
const ROW = /^\s*\w+: \w+ \w+ \w+ (\w+) (\w+)\s+(\d+)(?: (.*))?$/;

const types: Readonly<Record<number, UnixSocket['type']>> = { 1: 'stream', 2: 'datagram' };

/** The Unix sockets of this process's network namespace, by inode. Empty where the system has no such table. */
export function unixSockets(): Map<number, UnixSocket> {
  try {
    return parseUnixTable(readFileSync('/proc/self/net/unix', 'utf8'));
  } catch {
    return new Map();
  }
}

export function parseUnixTable(text: string): Map<number, UnixSocket> {
  const rows = text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, type = '', state = '', inode = '', path = ''] = ROW.exec(line) ?? [];
      if (inode === '') return [];
      const socket: UnixSocket = {
        type: types[Number.parseInt(type, 16)] ?? 'other',
        isConnected: Number.parseInt(state, 16) === CONNECTED,
        path: path.replace(/^@/, '\0'),
      };
      return [[Number(inode), socket] as const];
    });
  return new Map(rows);
}
