/**
 * A client of one connection, which leaves, half-closes, resets or reads slowly at a random moment, and judges its
 * answers.
 */
import { connect, type Socket } from 'node:net';
import type { Random } from '../../support/random.ts';
import { readAnswers, type Answer } from './answers.ts';
import { FETCH_PATHS, HANDLER_PATHS, LENGTHS } from './everything.ts';

/** The outcome of a connection. */
export interface Verdict {
  readonly behaviour: Behaviour;
  readonly requests: number;
  readonly whole: number;
  readonly broken: number;
  readonly faults: readonly string[];
}

type Behaviour = 'stays' | 'reads slowly' | 'half-closes' | 'leaves' | 'resets';

const BEHAVIOURS: readonly Behaviour[] = [
  'stays',
  'reads slowly',
  'half-closes',
  'half-closes',
  'leaves',
  'resets',
  'resets',
];
const MOST_REQUESTS = 4;
/** A client that leaves does so within this time. */
const LEAVES_WITHIN_MS = 25;
/** The pause exceeds the time for which a server waits for a client that has been sent everything. */
const LONG_PAUSE_MS = 2600;
const POSTS: ReadonlySet<string> = new Set(['/multipart', '/upload', '/body']);

interface Asked {
  readonly path: string;
  readonly length: number;
  readonly letter: string;
  readonly bytes: Buffer;
}

export async function visit(ports: readonly number[], random: Random): Promise<Verdict> {
  const behaviour = random.pick(BEHAVIOURS);
  const isFetch = random.chance(0.3);
  const isOld = random.chance(0.25);
  const count = isOld ? 1 : random.between(1, MOST_REQUESTS);
  const asked = Array.from({ length: count }, (_, index) => ask(random, isFetch, isOld, index === count - 1));
  const port = ports[isFetch ? 1 : 0]!;
  const { bytes, hasEnded } = await talk(
    connect({ port, host: '127.0.0.1', allowHalfOpen: true }),
    asked,
    behaviour,
    random,
  );
  return judge(asked, readAnswers(bytes, hasEnded), behaviour, isOld);
}

function ask(random: Random, isFetch: boolean, isOld: boolean, isLast: boolean): Asked {
  const paths = isFetch ? FETCH_PATHS : HANDLER_PATHS;
  // No answers follow after a failure, so only the last request may fail.
  const path = random.pick(isLast ? paths : paths.filter((each) => each !== '/fails'));
  const length = random.pick(random.chance(0.02) ? LENGTHS : LENGTHS.slice(0, -1));
  const letter = path === '/file' ? 'x' : random.pick(['a', 'b', 'c']);
  const body = POSTS.has(path) ? bodyOf(path, random) : Buffer.alloc(0);
  const fields = [
    `Host: soak`,
    ...(isLast && !isOld ? ['Connection: close'] : []),
    ...(path === '/multipart' ? ['Content-Type: multipart/form-data; boundary=b'] : []),
    ...(body.length > 0 ? [`Content-Length: ${body.length}`] : []),
  ];
  const line = `${body.length > 0 ? 'POST' : 'GET'} ${path}?length=${length}&letter=${letter} HTTP/1.${isOld ? 0 : 1}`;
  return {
    path,
    length,
    letter,
    bytes: Buffer.concat([Buffer.from(`${[line, ...fields].join('\r\n')}\r\n\r\n`), body]),
  };
}

function bodyOf(path: string, random: Random): Buffer {
  const content = Buffer.alloc(random.pick([1, 1000, 30_000, 150_000]), 'u');
  if (path !== '/multipart') return content;
  const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n';
  return Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--b--\r\n')]);
}

/**
 * Sends the requests.
 *
 * @returns all that came, and whether the server has ended it properly.
 */
async function talk(
  socket: Socket,
  asked: readonly Asked[],
  behaviour: Behaviour,
  random: Random,
): Promise<{ bytes: Buffer; hasEnded: boolean }> {
  const pieces: Buffer[] = [];
  let hasEnded = false;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => (hasEnded = false));
  socket.on('data', (piece) => {
    pieces.push(piece);
    if (behaviour === 'reads slowly' && random.chance(0.2)) pause(socket, random);
  });
  socket.on('end', () => {
    hasEnded = true;
    socket.end();
  });
  const isLeaving = behaviour === 'leaves' || behaviour === 'resets';
  send(socket, Buffer.concat(asked.map(({ bytes }) => bytes)), isLeaving, random);
  if (behaviour === 'half-closes') socket.end();
  if (isLeaving) setTimeout(() => leave(socket, behaviour), random.next() * LEAVES_WITHIN_MS);
  await closed;
  return { bytes: Buffer.concat(pieces), hasEnded };
}

/** Sends in one piece or two. A client that leaves may never send the second. */
function send(socket: Socket, bytes: Buffer, isLeaving: boolean, random: Random): void {
  if (random.chance(0.7)) return void socket.write(bytes);
  const at = random.between(1, bytes.length - 1);
  socket.write(bytes.subarray(0, at));
  if (!isLeaving || random.chance(0.5)) socket.write(bytes.subarray(at));
}

function leave(socket: Socket, behaviour: Behaviour): void {
  if (socket.destroyed) return;
  if (behaviour === 'resets') socket.resetAndDestroy();
  else socket.destroy();
}

function pause(socket: Socket, random: Random): void {
  socket.pause();
  setTimeout(() => socket.resume(), random.chance(0.0005) ? LONG_PAUSE_MS : random.between(1, 20));
}

function judge(asked: readonly Asked[], answers: readonly Answer[], behaviour: Behaviour, isOld: boolean): Verdict {
  const faults: string[] = [];
  const stays = behaviour !== 'leaves' && behaviour !== 'resets';
  const about = (index: number): string =>
    `${behaviour} HTTP/1.${isOld ? 0 : 1} ${index} of ${asked.map(({ path, length }) => `${path} ${length}`).join(', ')}`;
  let whole = 0;
  for (const [index, { path, length, letter }] of asked.entries()) {
    const answer = answers[index];
    const fails = path === '/fails';
    if (answer?.looksWhole === true) {
      whole++;
      // A request that fails before any output gets a whole answer, an error.
      const isRight = fails
        ? answer.status === 500
        : answer.status === 200 && answer.content.equals(Buffer.alloc(length, letter));
      if (!isRight) faults.push(`looks whole: ${about(index)}: ${answer.status}, ${answer.content.length} bytes`);
    } else if (stays && !fails) faults.push(`not whole: ${about(index)}: ${answer?.content.length ?? 'no'} bytes`);
  }
  return { behaviour, requests: asked.length, whole, broken: answers.length - whole, faults };
}
