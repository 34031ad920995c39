import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The state TCP_LISTEN of the kernel's include/net/tcp_states.h. */
const LISTEN = '0A';

/** The size of a read. The kernel gives about a page at a time, whatever size is asked for. */
const CHUNK_BYTES = 65_536;

/** Returns the lengths of the queues of listening sockets, by their inode. The map is empty where there is no /proc. */
export function acceptQueues(files: readonly string[] = ['/proc/net/tcp', '/proc/net/tcp6']): Map<number, number> {
  return new Map(files.flatMap((file) => [...listening(file)].flatMap(parseLine)));
}

/** Returns the inode by which the kernel lists a socket; undefined for a socket that is closed. */
export function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino;
  } catch {
    return undefined;
  }
}

/**
 * Yields the lines of listening sockets. They come first in the file, so reading ends with the first other line. A
 * hundred thousand connections would take the kernel a tenth of a second, and are not read.
 */
function* listening(file: string): Generator<string> {
  let rest = '';
  for (const chunk of chunksOf(file)) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.includes('local_address')) continue;
      if (fieldsOf(line)[3] !== LISTEN) return;
      yield line;
    }
  }
}

function* chunksOf(file: string): Generator<string> {
  const fd = open(file);
  if (fd === undefined) return;
  try {
    const bytes = Buffer.alloc(CHUNK_BYTES);
    for (let length = CHUNK_BYTES; length > 0;) {
      length = readSync(fd, bytes, 0, CHUNK_BYTES, null);
      yield bytes.toString('latin1', 0, length);
    }
  } finally {
    closeSync(fd);
  }
}

function open(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch {
    return undefined;
  }
}

/** The receive queue of a listening socket is its queue of connections, proc(5). */
function parseLine(line: string): Array<[inode: number, length: number]> {
  const fields = fieldsOf(line);
  const [, length] = fields[4]?.split(':') ?? [];
  const inode = Number(fields[9]);
  return length === undefined || !(inode > 0) ? [] : [[inode, Number.parseInt(length, 16)]];
}

function fieldsOf(line: string): string[] {
  return line.trim().split(/\s+/);
}
