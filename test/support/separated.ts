/** Servers that root starts for another user: who their processes are, and what a worker that is an enemy can do. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { serve, type App, type AppOptions, type Target } from './app.ts';
import { childrenOf, commandLine } from './leftovers.ts';
import { NOBODY } from './platform.ts';
import { DEADLINE } from './watched.ts';

/** Answers with its process id. */
export const hello = `require('node:http')
  .createServer((_request, response) => response.end(String(process.pid)))
  .listen(Number(process.env.PORT) || process.env.PORT);`;

/** A worker that is an enemy's: it runs the code that it is sent, and answers with what that returns. */
export const compromised = `const { createServer } = require('node:http');
const AsyncFunction = (async () => {}).constructor;
createServer(async (request, response) => {
  let code = '';
  for await (const chunk of request) code += chunk;
  try {
    response.end(JSON.stringify({ value: await new AsyncFunction('require', code)(require) }));
  } catch (error) {
    response.end(JSON.stringify({ error: error.code ?? error.message }));
  }
}).listen(process.env.PORT);`;

export interface Done {
  readonly value?: unknown;
  /** Its code, or its message where it has none. */
  readonly error?: string;
}

/** Runs the body of an async function, which has `require`, in the worker of a `compromised` server. */
export async function inside(target: Target, code: string): Promise<Done> {
  const question = request({ ...target, method: 'POST', agent: false, timeout: DEADLINE });
  question.once('timeout', () => question.destroy(new Error(`no answer to ${code}`))).end(code);
  const [answer] = (await once(question, 'response')) as [IncomingMessage];
  return (await json(answer)) as Done;
}

/** In a session of its own, so that a terminal of the tests is none of the server's. */
export function serveAsNobody({ options = [], files, ...rest }: AppOptions): Promise<App> {
  return serve({
    entry: './app.cjs',
    files: { 'app.cjs': hello, ...files },
    isOpen: true,
    group: true,
    ...rest,
    options: ['--user', 'nobody', '--workers', '1', ...options],
  });
}

/** What the kernel says of a process (proc(5)): real, effective, saved and file system ids. */
export interface Identity {
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
}

export function identityOf(pid: number): Identity {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const numbers = (name: string): number[] => {
    const [, text = ''] = new RegExp(`^${name}:(.*)$`, 'm').exec(status) ?? [];
    return text.split(/\s+/).filter(Boolean).map(Number);
  };
  return { uids: numbers('Uid'), gids: numbers('Gid'), groups: numbers('Groups') };
}

/** Whether nothing of root is left in it, and no way back. */
export function isNobody(pid: number): boolean {
  const { uids, gids, groups } = identityOf(pid);
  return uids.every((uid) => uid === NOBODY) && gids.every((gid) => gid !== 0) && groups.length === 0;
}

/** The process that keeps root's rights, of the primary that started it. */
export function binderOf(primary: number): number | undefined {
  return childrenOf(primary).find((pid) => commandLine(pid).includes('binder.cjs'));
}

/** What a process has open: where each descriptor leads, such as `socket:[4711]`. */
export function descriptorsOf(pid: number): Map<number, string> {
  const directory = `/proc/${pid}/fd`;
  return new Map(
    readdirSync(directory).flatMap((fd): Array<[number, string]> => {
      try {
        return [[Number(fd), readlinkSync(join(directory, fd))]];
      } catch {
        return [];
      }
    }),
  );
}

/** Of every socket that has an address, as `descriptorsOf` shows them. */
export function boundInodes(): string[] {
  const internet = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap(tableOf);
  const listening = internet.filter(([, , , state]) => state === LISTENING || state === UNCONNECTED);
  const files = tableOf('unix').filter((fields) => fields.length > UNIX_PATH);
  return [...listening.map((fields) => fields[INTERNET_INODE]!), ...files.map((fields) => fields[UNIX_INODE]!)].map(
    (inode) => `socket:[${inode}]`,
  );
}

/** In /proc/net (proc(5)). */
const [LISTENING, UNCONNECTED] = ['0A', '07'];
const [INTERNET_INODE, UNIX_INODE, UNIX_PATH] = [9, 6, 7];

function tableOf(name: string): string[][] {
  const lines = readFileSync(`/proc/net/${name}`, 'latin1').trimEnd().split('\n').slice(1);
  return lines.map((line) => line.trim().split(/\s+/));
}

const HIGHEST = 1023;
const LOWEST = 512;

/** A port below 1024 that is free for TCP and UDP right now, and is none that a service of this machine would have. */
export async function lowPort(): Promise<number> {
  const start = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
  for (let port = start; port <= HIGHEST; port++) if (await isFree(port)) return port;
  return lowPort();
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  const socket = createSocket('udp4').bind(port);
  const bound = await Promise.allSettled([once(server, 'listening'), once(socket, 'listening')]);
  if (bound[0].status === 'fulfilled') await new Promise((resolve) => server.close(resolve));
  if (bound[1].status === 'fulfilled') await new Promise<void>((resolve) => void socket.close(resolve));
  return bound.every(({ status }) => status === 'fulfilled');
}
