import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { startServer, type App } from 'prefork/testing';
import { fixture } from '../../support/paths.ts';

export type Mode = 'auto' | 'kernel' | 'least-connections' | 'sticky-ip';

export interface ServerPlan {
  readonly mode: Mode;
  readonly workers: number;
  /** A file of test/fixtures/apps. @default 'hello.js' */
  readonly entry?: string;
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a server for one measurement alone, because its memory of an earlier one would matter. */
export async function withServer<T>(plan: ServerPlan, use: (app: App, port: number) => Promise<T>): Promise<T> {
  const app = await start(plan);
  try {
    return await use(app, portOf(app));
  } finally {
    await app[Symbol.asyncDispose]();
  }
}

export function start({ mode, workers, entry = 'hello.js', options = [], env = {} }: ServerPlan): Promise<App> {
  const flags = ['--workers', String(workers), '--balance', mode, ...options];
  return startServer({ entry: fixture(entry), options: flags, env });
}

export function portOf(app: App): number {
  return (app.targets[0] as { port: number }).port;
}

export interface Client {
  readonly socket: Socket;
  /** The server's answer; that of hello.js is its pid. */
  readonly answer: string;
}

/** Opens a client that asks as soon as it is connected, and stays. */
export async function open(port: number, localAddress = '127.0.0.1'): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.setEncoding('latin1').write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  return { socket, answer: await answerOn(socket) };
}

/** Asks again: another worker may have it by now. */
export async function ask({ socket }: Client): Promise<Client> {
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  return { socket, answer: await answerOn(socket) };
}

async function answerOn(socket: Socket): Promise<string> {
  let text = '';
  while (!/\r\n\r\n.+/s.test(text)) text += ((await once(socket, 'data')) as [string])[0];
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

/** Counts the connections of each worker, by the pid in the answers. Workers without connections count too. */
export function countOf(clients: readonly Client[], workers: number): number[] {
  const counts = new Map<string, number>();
  for (const { answer } of clients) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts.values(), ...Array.from({ length: workers - counts.size }, () => 0)];
}

/** Formats the median of some numbers, with their range. */
export function summary(numbers: readonly number[], digits = 2): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [median, least, most] = [sorted[sorted.length >> 1]!, sorted[0]!, sorted.at(-1)!].map((n) => n.toFixed(digits));
  return `${median} (${least} to ${most})`;
}
