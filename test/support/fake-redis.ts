import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** Returns what is sent for a command; undefined for what a Redis without data says. An empty string is no answer. */
export type Answering = (parts: readonly string[], socket: Socket) => string | undefined;

/** A server in the place of Redis, that answers as a test likes. The object owns a server and its connections. */
export class FakeRedis implements AsyncDisposable {
  /** All commands that came, with their arguments. */
  readonly commands: Array<readonly string[]> = [];
  readonly port: number;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #close: () => void;

  private constructor(port: number, sockets: ReadonlySet<Socket>, close: () => void) {
    this.port = port;
    this.#sockets = sockets;
    this.#close = close;
  }

  static async start(answering: Answering = () => undefined): Promise<FakeRedis> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
      let text = '';
      socket.setEncoding('latin1').on('data', (more: string) => {
        text += more;
        for (let found = take(text); found !== undefined; found = take(text)) {
          text = text.slice(found.length);
          fake.commands.push(found.parts);
          const answer = answering(found.parts, socket) ?? usual(found.parts, fake.port);
          if (answer !== '' && !socket.destroyed) socket.write(answer);
        }
      });
    }).listen(0);
    await once(server, 'listening');
    const fake = new FakeRedis((server.address() as AddressInfo).port, sockets, () => server.close());
    return fake;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Counts the commands of this name, or of a script. */
  count(name: string): number {
    return this.commands.filter(([command]) => command!.toUpperCase().startsWith(name)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#close();
  }
}

export function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

function usual([name = '', first = '']: readonly string[], port: number): string {
  switch (name.toUpperCase()) {
    case 'GET':
      return first.endsWith('{format}') ? bulk('2') : '$-1\r\n';
    case 'TIME':
      return `*2\r\n${bulk(String(Math.floor(Date.now() / 1000)))}${bulk('0')}`;
    case 'SCAN':
      return `*2\r\n${bulk('0')}*0\r\n`;
    case 'EXISTS':
      return ':0\r\n';
    case 'EVAL':
    case 'EVALSHA':
    case 'PUBLISH':
      return ':1\r\n';
    case 'PING':
      return '+PONG\r\n';
    case 'SUBSCRIBE':
      return `>3\r\n${bulk('subscribe')}${bulk(first)}:1\r\n`;
    case 'CLUSTER':
      return `*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n${bulk('127.0.0.1')}:${port}\r\n`;
    case 'SENTINEL':
      return `*2\r\n${bulk('127.0.0.1')}${bulk(String(port))}`;
    case 'ROLE':
      return `*1\r\n${bulk('master')}`;
    default:
      return '+OK\r\n';
  }
}

/** Takes the first command of what came, when it is whole. */
function take(text: string): { parts: string[]; length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const parts: string[] = [];
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left--) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (length === null) return undefined;
    const from = at + length[0].length;
    at = from + Number(length[1]) + 2;
    if (text.length < at) return undefined;
    parts.push(text.slice(from, at - 2));
  }
  return { parts, length: at };
}
