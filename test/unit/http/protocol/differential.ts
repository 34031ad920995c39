/**
 * Compares what node:http and we make of the same bytes. They are never one message here and two there, and never more
 * is taken here than there.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Parser } from '../../../../src/http/protocol/parser.ts';
import { Mutations } from './mutations.ts';
import { limits, read } from './reading.ts';

/** The method, target, body and all fields, trailers included, of each complete message. */
type Taken = string[];

/** A connection that has sent all that it will, to a server in this process. */
class Sent extends Duplex {
  readonly taken: Taken = [];

  constructor(bytes: Buffer) {
    super({ allowHalfOpen: true });
    this.push(bytes);
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

const server = createServer({ keepAlive: true }, (request: IncomingMessage, response: ServerResponse) => {
  const { taken } = request.socket as unknown as Sent;
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (piece: string) => (body += piece));
  request.on('end', () => taken.push(told(`${request.method} ${request.url}`, body, fieldsOf(request))));
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  response.end();
});
// The connection is not destroyed: what came before the error is still to be told.
server.on('clientError', () => undefined);

function told(line: string, body: string, fields: readonly string[]): string {
  return `${line} ${JSON.stringify([body, ...fields])}`;
}

function fieldsOf({ rawHeaders, rawTrailers }: IncomingMessage): string[] {
  const all = [...rawHeaders, ...rawTrailers];
  return Array.from({ length: all.length / 2 }, (_, index) => `${all[2 * index]}: ${all[2 * index + 1]}`);
}

/** Returns what node:http takes of each. */
async function nodes(all: readonly Buffer[]): Promise<Taken[]> {
  const sent = all.map((bytes) => new Sent(bytes));
  for (const connection of sent) {
    connection.on('error', () => undefined);
    server.emit('connection', connection);
  }
  // A pipeline's next response waits for the turn of the one before.
  for (let turn = 0; turn < 12; turn++) await nextTurn();
  for (const connection of sent) connection.destroy();
  return sent.map(({ taken }) => taken);
}

/** Returns what we take: those of the parser's messages that the server does not refuse. */
function ours(bytes: Buffer): Taken {
  const taken: Taken = [];
  for (const { line, fields, body } of read([bytes], new Parser(limits)).messages) {
    const hasHost = fields.some((field) => /^host:/i.test(field));
    if (line.endsWith(' 1.1') && !hasHost) break;
    taken.push(told(line.slice(0, -4), body, fields));
  }
  return taken;
}

/** The differences that are allowed: taken here and refused there, with the words that allow it. */
const listed: ReadonlyArray<readonly [pattern: RegExp, words: string]> = [
  // This is a tab after the value. Only older versions of llhttp mind it, after a length and keep-alive.
  [
    /\r\n(?:Transfer-Encoding|Content-Length|Connection):[ \t]*(?:chunked|\d+|keep-alive) *\t/i,
    'RFC 9110, 5.6.3: OWS = *( SP / HTAB ), also after a value',
  ],
  [
    /\r\n[\da-f]+(?=[^\r\n]*;)[^\r\n]*[ \t]/i,
    'RFC 9110, 5.6.3: "A recipient MUST parse for such bad whitespace", where a chunk extension has it: RFC 9112, 7.1.1',
  ],
];

const BATCH = 200;

export interface Difference {
  readonly bytes: string;
  readonly ours: Taken;
  readonly nodes: Taken;
}

/** @returns the differences: we take something that node:http does not take, or takes as something else. */
export async function differences(seed: number, count: number): Promise<Difference[]> {
  const mutations = new Mutations(seed);
  const found: Difference[] = [];
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, () => mutations.next());
    for (const [index, theirs] of (await nodes(batch)).entries()) {
      const bytes = batch[index]!;
      const mine = ours(bytes);
      const isSame = mine.every((message, at) => message === theirs[at]);
      const text = bytes.toString('latin1');
      if (!isSame && !listed.some(([pattern]) => pattern.test(text)))
        found.push({ bytes: text, ours: mine, nodes: theirs });
    }
  }
  return found;
}
