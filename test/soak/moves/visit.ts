/** A visit is a connection by chance: what it asks, how that is cut, how it reads and how it ends. */
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Target } from '../../support/app.ts';
import type { Random } from '../../support/random.ts';
import { Answers } from './answers.ts';
import { faultOf, requestBy, type Request } from './requests.ts';

/** Longest wait for an answer, ms. */
const PATIENCE_MS = 60_000;

/** The last of a visit. `leaves`: at any moment, by an end or a reset. */
type Ending = 'ends' | 'half-closes' | 'leaves';

export interface Loss {
  readonly what: string;
  /** When, by performance.now(). */
  readonly at: number;
  /** Nothing had ever been answered on its connection. */
  readonly isNew: boolean;
}

/** What came of all visits. */
export class Tally {
  sent = 0;
  answered = 0;
  /** The client had gone before its answer. */
  given = 0;
  /** Asked behind a request whose answer said that the server, which leaves, closes the connection: the ids. */
  readonly told: string[] = [];
  visits = 0;
  readonly endings: Record<Ending, number> = { ends: 0, 'half-closes': 0, leaves: 0 };
  readonly kinds = { expects: 0, pipelined: 0, bytewise: 0, slow: 0, big: 0 };
  /** Without an answer, by id. */
  readonly lost: Map<string, Loss> = new Map();
  readonly wrong: string[] = [];
}

/** @param isEnding whether the server leaves by now, and may tell clients to close */
export async function visit(
  target: Target,
  random: Random,
  nextId: () => string,
  tally: Tally,
  isEnding: () => boolean,
): Promise<void> {
  tally.visits++;
  await new Visit(target, random, nextId, tally, isEnding).run();
}

class Visit {
  readonly #random: Random;
  readonly #nextId: () => string;
  readonly #tally: Tally;
  readonly #isEnding: () => boolean;
  readonly #socket: Socket;
  readonly #answers = new Answers();
  readonly #waiting: Request[] = [];
  #onChange: () => void = () => {};
  #continues = 0;
  #hasLeft = false;
  #over: string | undefined;
  #isSlow = false;
  #answered = 0;
  #isHalf = false;
  #isTold = false;

  constructor(target: Target, random: Random, nextId: () => string, tally: Tally, isEnding: () => boolean) {
    this.#random = random;
    this.#nextId = nextId;
    this.#tally = tally;
    this.#isEnding = isEnding;
    const to = 'socketPath' in target ? { path: target.socketPath } : target;
    this.#socket = connect({ ...to, allowHalfOpen: true, noDelay: true });
    this.#socket.on('data', (bytes) => this.#arrived(bytes));
    this.#socket.on('end', () => this.#ended('closed'));
    this.#socket.on('close', () => this.#ended('closed'));
    this.#socket.on('error', (error) => this.#ended(error.message));
  }

  async run(): Promise<void> {
    const random = this.#random;
    const ending = random.pick<Ending>(['ends', 'ends', 'half-closes', 'leaves']);
    this.#tally.endings[ending]++;
    this.#isSlow = random.chance(0.1);
    if (this.#isSlow) this.#tally.kinds.slow++;
    const rounds = random.between(1, 30);
    for (let round = 1; round <= rounds && this.#over === undefined; round++) {
      const isLast = round === rounds;
      if (isLast && ending === 'leaves') return this.#leave();
      await this.#round(isLast && ending === 'half-closes');
      if (random.chance(0.2)) await delay(random.between(0, 30));
    }
    if (ending === 'ends') this.#hasLeft = true;
    this.#socket.end();
    await this.#until(() => this.#over !== undefined);
    this.#socket.destroy();
  }

  /** @param isHalf no more comes after these */
  async #round(isHalf: boolean): Promise<void> {
    const requests = this.#ask();
    for (const request of requests) {
      if (this.#over === undefined) await this.#send(request);
    }
    this.#isHalf = isHalf;
    if (isHalf) this.#socket.end();
    await this.#until(() => this.#waiting.length === 0 || this.#over !== undefined);
  }

  /** Somewhere on the way, and the server may have done all, a part or nothing of it. */
  async #leave(): Promise<void> {
    const requests = this.#ask();
    const bytes = Buffer.concat(requests.flatMap(({ head, body, expects }) => (expects ? [head] : [head, body])));
    await this.#write(bytes.subarray(0, this.#random.between(0, bytes.length)));
    if (this.#random.chance(0.5)) await delay(this.#random.between(0, 10));
    this.#hasLeft = true;
    this.#tally.given += this.#waiting.length;
    this.#waiting.length = 0;
    if (this.#random.chance(0.5)) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Requests that are sent together. */
  #ask(): Request[] {
    const { kinds } = this.#tally;
    const count = this.#random.chance(0.3) ? this.#random.between(2, 5) : 1;
    if (count > 1) kinds.pipelined += count;
    const requests = Array.from({ length: count }, () => requestBy(this.#random, this.#nextId(), count === 1));
    for (const { expects, answerSize, body } of requests) {
      if (expects) kinds.expects++;
      if (answerSize + body.length > 100_000) kinds.big++;
    }
    this.#tally.sent += count;
    this.#waiting.push(...requests);
    return requests;
  }

  async #send({ head, body, expects }: Request): Promise<void> {
    if (!expects) return this.#write(Buffer.concat([head, body]));
    const before = this.#continues;
    await this.#write(head);
    await this.#until(() => this.#continues > before || this.#over !== undefined);
    await this.#write(body);
  }

  /** In pieces, and with pauses in which the server reads what it has. */
  async #write(bytes: Buffer): Promise<void> {
    const random = this.#random;
    const way = random.next();
    if (way < 0.3) return this.#put(bytes);
    const isBytewise = way < 0.4 && bytes.length < 600;
    if (isBytewise) this.#tally.kinds.bytewise++;
    const most = isBytewise ? 1 : Math.max(1, Math.ceil(bytes.length / random.between(1, 4)));
    for (let at = 0; at < bytes.length && this.#over === undefined;) {
      const length = random.between(1, most);
      this.#put(bytes.subarray(at, at + length));
      at += length;
      await (random.chance(0.1) ? delay(random.between(0, 3)) : nextTurn());
    }
  }

  #put(bytes: Buffer): void {
    if (this.#over === undefined) this.#socket.write(bytes);
  }

  #arrived(bytes: Buffer): void {
    if (this.#hasLeft) return;
    try {
      for (const answer of this.#answers.push(bytes)) {
        if (answer.status === 100) {
          this.#continues++;
          continue;
        }
        const request = this.#waiting.shift();
        const fault =
          request === undefined ? 'nothing was asked' : faultOf(answer, request, this.#isHalf || this.#isEnding());
        this.#tally.answered++;
        this.#answered++;
        if (fault !== undefined) this.#tally.wrong.push(`${request?.id}: ${fault}`);
        else if (this.#isEnding() && answer.fields.get('connection') === 'close') this.#isTold = true;
      }
    } catch (error) {
      this.#tally.wrong.push(`${this.#waiting[0]?.id}: ${(error as Error).message}`);
      this.#socket.destroy();
    }
    if (this.#isSlow && this.#random.chance(0.3)) {
      this.#socket.pause();
      setTimeout(() => this.#socket.resume(), this.#random.between(1, 60));
    }
    this.#onChange();
  }

  #ended(what: string): void {
    if (this.#over !== undefined) return;
    this.#over = what;
    if (this.#isTold) this.#tally.told.push(...this.#waiting.splice(0).map(({ id }) => id));
    this.#loseWaiting(what);
    this.#onChange();
  }

  #loseWaiting(what: string): void {
    const { bytesRead } = this.#socket;
    const how = `${what}, ${this.#isSlow ? 'slow' : 'quick'} client, ${this.#answers.begun} bytes of the answer, ${this.#answered} answers before, ${bytesRead} bytes in all`;
    const isNew = this.#answered === 0 && bytesRead === 0;
    for (const { id } of this.#waiting.splice(0)) this.#tally.lost.set(id, { what: how, at: performance.now(), isNew });
  }

  async #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#ended('no answer in time');
        this.#socket.destroy();
      }, PATIENCE_MS);
      this.#onChange = () => {
        if (!isSo()) return;
        clearTimeout(timer);
        this.#onChange = () => {};
        resolve();
      };
    });
  }
}
