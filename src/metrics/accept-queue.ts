import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** TCP_LISTEN of the kernel's include/net/tcp_states.h. */
const LISTEN = '0A';

/** The kernel gives about a page at a time, whatever is asked for. */
const CHUNK = 65_536;

/** How long the queues of listening sockets are, by their inode. Empty where there is no /proc. */
export function acceptQueues(files: readonly string[] = ['/proc/net/tcp', '/proc/net/tcp6']): Map<number, number> {
  return new Map(files.flatMap((file) => [...listening(file)].flatMap(parseLine)));
}

/** By which the kernel lists a socket; undefined for one that is closed. */
export function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino;
  } catch {
    return undefined;
  }
}

/**
 * The lines of a file that are of listening sockets. They come first, so reading ends with the first that is not: of a
 * hundred thousand connections nothing is read, and they would take the kernel a tenth of a second.
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
    const bytes = Buffer.alloc(CHUNK);
    for (let length = CHUNK; length > 0;) {
      length = readSync(fd, bytes, 0, CHUNK, null);
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

/** Of a listening socket the receive queue is that of connections, proc(5). */
function parseLine(line: string): Array<[inode: number, length: number]> {
  const fields = fieldsOf(line);
  const [, length] = fields[4]?.split(':') ?? [];
  const inode = Number(fields[9]);
  return length === undefined || !(inode > 0) ? [] : [[inode, Number.parseInt(length, 16)]];
}

function fieldsOf(line: string): string[] {
  return line.trim().split(/\s+/);
}
