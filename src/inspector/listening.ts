import { open, readdir, readlink } from 'node:fs/promises';
import { endianness } from 'node:os';
import { createInterface } from 'node:readline';
import type { Endpoint } from './http.ts';

/** A listening TCP socket, as the kernel's tables show it. */
export interface ListeningSocket extends Endpoint {
  /** The inode that its file descriptors point to. */
  readonly inode: string;
}

const DESCRIPTORS_AT_ONCE = 1024;

/** The state TCP_LISTEN, see net/tcp_states.h. */
const LISTEN = '0A';

/**
 * Lists the sockets that listen on the loopback in the network namespace of a process, whichever process they belong
 * to.
 *
 * @returns an empty list where there is no such process.
 */
export async function listeningOnLoopback(pid: number): Promise<ListeningSocket[]> {
  const tables = ['tcp', 'tcp6'].map((name) => readTable(`/proc/${pid}/net/${name}`));
  return (await Promise.all(tables)).flat();
}

/** Returns those of the sockets that the process has open. A process can have a million descriptors, so they are read in parts. */
export async function openIn(pid: number, sockets: readonly ListeningSocket[]): Promise<ListeningSocket[]> {
  if (sockets.length === 0) return [];
  const directory = `/proc/${pid}/fd`;
  const names = await readdir(directory).catch(() => []);
  const wanted = new Map(sockets.map((socket) => [`socket:[${socket.inode}]`, socket]));
  const found = new Set<ListeningSocket>();
  for (let at = 0; at < names.length && found.size < wanted.size; at += DESCRIPTORS_AT_ONCE) {
    const part = names.slice(at, at + DESCRIPTORS_AT_ONCE);
    for (const link of await Promise.all(part.map((name) => readlink(`${directory}/${name}`).catch(() => '')))) {
      const socket = wanted.get(link);
      if (socket !== undefined) found.add(socket);
    }
  }
  return [...found];
}

/**
 * Reads a table up to its last listening socket. The kernel lists these before all others, so a busy server's
 * connections need not be read.
 */
async function readTable(path: string): Promise<ListeningSocket[]> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return [];
  const stream = file.createReadStream({ autoClose: false });
  try {
    return await readRows(createInterface({ input: stream }));
  } finally {
    // Leaving the loop over the lines does not stop the stream. The stream would read on and keep the process alive.
    stream.destroy();
    await file.close();
  }
}

async function readRows(lines: AsyncIterable<string>): Promise<ListeningSocket[]> {
  const found: ListeningSocket[] = [];
  let isHeading = true;
  for await (const line of lines) {
    const row = parseRow(line);
    if (row === undefined && !isHeading) break;
    isHeading = false;
    if (row !== undefined && isLoopback(row.host)) found.push(row);
  }
  return found;
}

/**
 * Parses a line of /proc/net/tcp or tcp6 (proc(5)): number, local address, remote address, state, ..., inode tenth.
 *
 * @returns undefined for a socket that does not listen.
 */
export function parseRow(line: string): ListeningSocket | undefined {
  const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
  const [address = '', port = ''] = local.split(':');
  return state === LISTEN ? { host: parseHost(address), port: Number.parseInt(port, 16), inode } : undefined;
}

/** Parses an address, which the kernel prints as 32-bit words in its own byte order. */
function parseHost(hex: string): string {
  const words = Buffer.from(hex, 'hex');
  const bytes = endianness() === 'LE' ? words.swap32() : words;
  if (bytes.length === 4) return [...bytes].join('.');
  return Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16)).join(':');
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '0:0:0:0:0:0:0:1';
}
