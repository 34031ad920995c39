import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** Of a line without an end, bytes: what is longer is cut, lest a worker that never ends one fills our memory. */
const LONGEST_LINE = 1_048_576;

/** How long output may still come when all workers have ended, ms: a process that one left may hold the pipe open. */
const LAST_OUTPUT = 1000;

const NEWLINE = 10;

/**
 * `--prefix-output`: passes on what workers write, each line whole and with its slot before it. Owns the reading ends of
 * their pipes until they close. Where the primary's own output is not taken, the pipes are not read, and fill: the workers
 * wait then, as they would without it.
 */
export class PrefixedOutput {
  readonly #stdout: Sink;
  readonly #stderr: Sink;

  constructor(stdout: Writable = process.stdout, stderr: Writable = process.stderr) {
    this.#stdout = new Sink(stdout);
    this.#stderr = new Sink(stderr);
  }

  /** @param slot a spare has none, until it is promoted; a worker that has ended has the one that it had. */
  follow({ stdout, stderr }: ChildProcess, slot: () => number | undefined): void {
    let last: number | undefined;
    const prefix = (): Buffer => Buffer.from(`[${(last = slot() ?? last) ?? 'spare'}] `);
    if (stdout !== null) this.#stdout.take(stdout, new Lines(prefix));
    if (stderr !== null) this.#stderr.take(stderr, new Lines(prefix));
  }

  /** Settles when all that workers wrote is written. */
  async close(): Promise<void> {
    await Promise.all([this.#stdout.close(), this.#stderr.close()]);
  }
}

/** Makes whole lines of pieces. */
class Lines {
  readonly #prefix: () => Buffer;
  #rest: Buffer[] = [];
  #length = 0;

  constructor(prefix: () => Buffer) {
    this.#prefix = prefix;
  }

  /** @returns the lines that end in it, ready to be written at once. */
  add(piece: Buffer): Buffer[] {
    const parts: Buffer[] = [];
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      parts.push(this.#prefix(), ...this.#take(), piece.subarray(start, end + 1));
      start = end + 1;
    }
    this.#keep(piece.subarray(start));
    return this.#length > LONGEST_LINE ? [...parts, ...this.end()] : parts;
  }

  /** What has no end gets one, lest the next worker's line goes on in it. */
  end(): Buffer[] {
    return this.#length === 0 ? [] : [this.#prefix(), ...this.#take(), Buffer.of(NEWLINE)];
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#rest.push(piece);
    this.#length += piece.length;
  }

  #take(): Buffer[] {
    const rest = this.#rest;
    this.#rest = [];
    this.#length = 0;
    return rest;
  }
}

/** One of the primary's two outputs, and all pipes that go into it. */
class Sink {
  readonly #target: Writable;
  readonly #sources = new Set<Readable>();
  #isFull = false;
  #whenEmpty: () => void = () => {};

  constructor(target: Writable) {
    this.#target = target;
    target.on('drain', () => this.#resume());
    // A reader that is gone must not end the service: what is written to it is lost, and workers go on.
    target.on('error', () => this.#resume());
  }

  take(source: Readable, lines: Lines): void {
    this.#sources.add(source);
    source.on('data', (piece: Buffer) => this.#write(lines.add(piece)));
    source.on('error', () => {});
    source.once('close', () => {
      this.#write(lines.end());
      this.#sources.delete(source);
      if (this.#sources.size === 0) this.#whenEmpty();
    });
    if (this.#isFull) source.pause();
  }

  async close(): Promise<void> {
    if (this.#sources.size === 0) return;
    const deadline = setTimeout(() => this.#abandon(), LAST_OUTPUT);
    await new Promise<void>((resolve) => (this.#whenEmpty = resolve));
    clearTimeout(deadline);
  }

  #abandon(): void {
    for (const source of this.#sources) source.destroy();
  }

  #write(parts: readonly Buffer[]): void {
    if (parts.length === 0 || this.#target.write(Buffer.concat(parts)) || this.#target.destroyed) return;
    this.#isFull = true;
    for (const source of this.#sources) source.pause();
  }

  #resume(): void {
    this.#isFull = false;
    for (const source of this.#sources) source.resume();
  }
}
