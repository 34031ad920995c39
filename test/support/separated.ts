/**
 * Servers that root starts for another user. The helpers tell which user their processes have, and what a hostile
 * worker can do.
 */
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { serve, type App, type AppOptions, type Target } from './app.ts';
import { childrenOf, commandLine, read } from './leftovers.ts';
import { NOBODY } from './platform.ts';
import { DEADLINE_MS } from './watched.ts';

/** An application that answers with its process id. */
export const hello = `require('node:http')
  .createServer((_request, response) => response.end(String(process.pid)))
  .listen(Number(process.env.PORT) || process.env.PORT);`;

/** A hostile worker: it runs the code that it is sent, and answers with the result. */
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
  /** The error's code, or its message where it has none. */
  readonly error?: string;
}

/** Runs the body of an async function, which has `require`, in the worker of a `compromised` server. */
export async function inside(target: Target, code: string): Promise<Done> {
  const question = request({ ...target, method: 'POST', agent: false, timeout: DEADLINE_MS });
  question.once('timeout', () => question.destroy(new Error(`no answer to ${code}`))).end(code);
  const [answer] = (await once(question, 'response')) as [IncomingMessage];
  return (await json(answer)) as Done;
}

/** Starts a server in a session of its own, so that it does not see a terminal of the tests. */
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

/** The ids of a process in the kernel (proc(5)): real, effective, saved and file system. */
export interface Identity {
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
}

/** Returns what the kernel has of a process. Of one that has ended by now all lists are empty. */
export function identityOf(pid: number): Identity {
  const status = read(`/proc/${pid}/status`);
  const numbers = (name: string): number[] => {
    const [, text = ''] = new RegExp(`^${name}:(.*)$`, 'm').exec(status) ?? [];
    return text.split(/\s+/).filter(Boolean).map(Number);
  };
  return { uids: numbers('Uid'), gids: numbers('Gid'), groups: numbers('Groups') };
}

/** Tells whether the process has nothing left of root, and no way back. */
export function isNobody(pid: number): boolean {
  const { uids, gids, groups } = identityOf(pid);
  return (
    uids.length > 0 && uids.every((uid) => uid === NOBODY) && gids.every((gid) => gid !== 0) && groups.length === 0
  );
}

/** Finds the process that keeps root's rights, by the primary that started it. */
export function binderOf(primary: number): number | undefined {
  return childrenOf(primary).find((pid) => commandLine(pid).includes('binder.cjs'));
}

/** Lists the descriptors of a process, and where each leads, such as `socket:[4711]`. */
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

/** Lists every socket that has an address, in the form of `descriptorsOf`. */
export function boundInodes(): string[] {
  const internet = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap(tableOf);
  const listening = internet.filter(([, , , state]) => state === LISTENING || state === UNCONNECTED);
  const files = tableOf('unix').filter((fields) => fields.length > UNIX_PATH);
  return [...listening.map((fields) => fields[INTERNET_INODE]!), ...files.map((fields) => fields[UNIX_INODE]!)].map(
    (inode) => `socket:[${inode}]`,
  );
}

/** The states of sockets in /proc/net (proc(5)). */
const [LISTENING, UNCONNECTED] = ['0A', '07'];
const [INTERNET_INODE, UNIX_INODE, UNIX_PATH] = [9, 6, 7];

function tableOf(name: string): string[][] {
  const lines = readFileSync(`/proc/net/${name}`, 'latin1').trimEnd().split('\n').slice(1);
  return lines.map((line) => line.trim().split(/\s+/));
}
