import { readFileSync } from 'node:fs';

/** A Unix socket as the kernel's table shows it (proc(5), /proc/net/unix). */
export interface UnixSocket {
  readonly type: 'stream' | 'datagram' | 'other';
  /** True when the socket is one end of a connection, and so accepts none. */
  readonly isConnected: boolean;
  /** The path as Node takes it, with a leading NUL in Linux's abstract namespace; empty where there is none. */
  readonly path: string;
}

/** SS_CONNECTED of linux/net.h. */
const CONNECTED = 3;

/**
 * Matches `Num: RefCount Protocol Flags Type St Inode Path`. A path may contain anything, and a socket may have none.
 */
const ROW = /^\s*\w+: \w+ \w+ \w+ (\w+) (\w+)\s+(\d+)(?: (.*))?$/;

const types: Readonly<Record<number, UnixSocket['type']>> = { 1: 'stream', 2: 'datagram' };

/**
 * Lists the Unix sockets of this process's network namespace, by inode. The map is empty where the system has no such
 * table.
 */
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
