import { readFileSync } from 'node:fs';

/** A Unix socket as the kernel's table shows it (proc(5), /proc/net/unix). */
export interface UnixSocket {
  readonly type: 'stream' | 'datagram' | 'other';
  readonly listens: boolean;
  /** As Node takes it: with a leading NUL in Linux's abstract namespace. Empty where it has none. */
  readonly path: string;
}

/** __SO_ACCEPTCON of linux/net.h: listen(2) was called. */
const ACCEPTS = 1 << 16;

/** `Num: RefCount Protocol Flags Type St Inode Path`; a path may hold anything, and a socket may have none. */
const ROW = /^\s*\w+: \w+ \w+ (\w+) (\w+) \w+\s+(\d+)(?: (.*))?$/;

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
      const [, flags = '', type = '', inode = '', path = ''] = ROW.exec(line) ?? [];
      if (inode === '') return [];
      const socket: UnixSocket = {
        type: types[Number.parseInt(type, 16)] ?? 'other',
        listens: (Number.parseInt(flags, 16) & ACCEPTS) !== 0,
        path: path.replace(/^@/, '\0'),
      };
      return [[Number(inode), socket] as const];
    });
  return new Map(rows);
}
