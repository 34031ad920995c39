import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Gathered } from '../../sockets/gathered.ts';

/** The length of a line. A longer line is split, so that a worker that never ends one cannot fill our memory. */
const LONGEST_LINE_BYTES = 1_048_576;

/**
 * How long output may still arrive after all workers have ended. A process that a worker left behind may hold the pipe
 * open.
 */
const LAST_OUTPUT_MS = 1000;

/**
 * A piece of output that took longer than this, ms, is followed by a rest of its pipe. A worker may write 64 KB of empty lines, each of
 * which gets what stands before it.
 */
const COSTLY_MS = 2;
/** A rest takes so many times as long as the piece did, for each pipe that rests like this. So they leave three quarters of the time. */
const REST = 3;
const LONGEST_REST_MS = 500;

const NEWLINE = 10;
const NOTHING = Buffer.alloc(0);

export interface OutputOptions {
  /** Whether the slot stands before each line. @default true */
  readonly hasPrefix?: boolean;
  /** Whether the time stands before each line. @default false */
  readonly hasTime?: boolean;
  /** Hears whole lines, each with its end, and whose they are: what stands in brackets before them. */
  readonly keep?: ((source: number | string, lines: Buffer) => void) | undefined;
}

/**
 * Implements `--prefix-output` and `--log-time`: passes on the workers' output, each line whole and with its slot or the time before it. The object
 * owns the reading ends of their pipes until they close. When the primary's own output blocks, the pipes are not read
 * and fill up. The workers then wait, as they would without this option.
 */
export class PrefixedOutput {
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  readonly #hasPrefix: boolean;
  readonly #hasTime: boolean;
  readonly #keep: OutputOptions['keep'];

  constructor(
    { hasPrefix = true, hasTime = false, keep }: OutputOptions = {},
    stdout: Writable = process.stdout,
    stderr: Writable = process.stderr,
  ) {
    this.#stdout = new Sink(stdout);
    this.#stderr = new Sink(stderr);
    this.#hasPrefix = hasPrefix;
    this.#hasTime = hasTime;
    this.#keep = keep;
  }

  /**
   * Starts to read the output of a worker, or of another process.
   *
   * @param slot returns the worker's slot, or what else stands before the lines of the process. A spare has none until it is promoted; a worker that has ended keeps its
   *   last one.
   * @param clean makes the text of a line safe, where it goes to a terminal. @default every line is passed on as it is
   */
  follow(
    { stdout, stderr }: ChildProcess,
    slot: () => number | string | undefined,
    clean?: (text: string) => string,
  ): void {
    let last: number | string | undefined;
    const find = (): number | string => (last = slot() ?? last) ?? 'spare';
    const prefix = (): Buffer => {
      const name = this.#hasPrefix ? `[${find()}] ` : '';
      return Buffer.from(this.#hasTime ? `${new Date().toISOString()} ${name}` : name);
    };
    const keep = this.#keep;
    const kept = keep && ((lines: Buffer): void => keep(find(), lines));
    const linesFor = ({ isTerminal }: Sink): Lines => new Lines(prefix, kept, isTerminal ? clean : undefined);
    if (stdout !== null) this.#stdout.take(stdout, linesFor(this.#stdout));
    if (stderr !== null) this.#stderr.take(stderr, linesFor(this.#stderr));
  }

  /** Settles when all output of the workers is written. */
  async close(): Promise<void> {
    await Promise.all([this.#stdout.close(), this.#stderr.close()]);
  }
}

/** Assembles whole lines from pieces. */
class Lines {
  readonly #prefix: () => Buffer;
  readonly #kept: ((lines: Buffer) => void) | undefined;
  readonly #clean: ((text: string) => string) | undefined;
  /** The beginning of a line that has not ended. */
  readonly #rest = new Gathered();

  constructor(prefix: () => Buffer, kept?: (lines: Buffer) => void, clean?: (text: string) => string) {
    this.#prefix = prefix;
    this.#kept = kept;
    this.#clean = clean;
  }

  /**
   * Adds a piece.
   *
   * @returns the lines that end in it, ready to be written.
   */
  add(piece: Buffer): Buffer {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    const lines = end === 0 ? NOTHING : this.#ready(Buffer.concat([this.#rest.take(), piece.subarray(0, end)]));
    this.#rest.add(piece.subarray(end));
    return this.#rest.length > LONGEST_LINE_BYTES ? Buffer.concat([lines, this.end()]) : lines;
  }

  /** Ends an unfinished line, so that the next worker's line does not continue in it. */
  end(): Buffer {
    return this.#rest.length === 0 ? NOTHING : this.#ready(Buffer.concat([this.#rest.take(), Buffer.of(NEWLINE)]));
  }

  /**
   * Puts the prefix before each line. They are taken all at once: a piece may have 65,536. Bytes that are not cleaned stay what they are.
   *
   * @param lines whole ones: a sequence that is to be cleaned may come in pieces
   */
  #ready(lines: Buffer): Buffer {
    this.#kept?.(lines);
    const encoding = this.#clean === undefined ? 'latin1' : 'utf8';
    const text = this.#clean === undefined ? lines.toString(encoding) : this.#clean(lines.toString(encoding));
    const prefix = this.#prefix().toString(encoding);
    const separator = `\n${prefix}`.replaceAll('$', '$$$$');
    return Buffer.from(`${prefix}${text.slice(0, -1).replaceAll('\n', separator)}\n`, encoding);
  }
}

/** An output of the primary, with all pipes that go into it. */
class Sink {
  readonly #target: Writable;
  readonly #sources = new Set<Readable>();
  /** Those whose last piece has just been read, or was costly. */
  readonly #resting = new Set<Readable>();
  /** How many of them have had a costly one. */
  #tired = 0;
  #isClosing = false;
  #isFull = false;
  #whenEmpty: () => void = () => {};
  readonly isTerminal: boolean;

  constructor(target: Writable) {
    this.#target = target;
    this.isTerminal = (target as Partial<NodeJS.WriteStream>).isTTY === true;
    target.on('drain', () => this.#resume());
    // A reader that is gone must not end the service. Output to it is lost, and the workers carry on.
    target.on('error', () => this.#resume());
  }

  take(source: Readable, lines: Lines): void {
    this.#sources.add(source);
    source.on('data', (piece: Buffer) => {
      const since = performance.now();
      const ready = lines.add(piece);
      const spent = performance.now() - since;
      this.#write(ready);
      this.#rest(source, spent);
    });
    source.on('error', () => {});
    source.once('close', () => {
      this.#write(lines.end());
      this.#sources.delete(source);
      if (this.#sources.size === 0) this.#whenEmpty();
    });
    if (this.#isFull) source.pause();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#sources.size === 0) return;
    const deadline = setTimeout(() => this.#abandon(), LAST_OUTPUT_MS);
    await new Promise<void>((resolve) => (this.#whenEmpty = resolve));
    clearTimeout(deadline);
  }

  #abandon(): void {
    for (const source of this.#sources) source.destroy();
  }

  /** A worker that writes without end would otherwise be read without end within one turn of the event loop. */
  #rest(source: Readable, spent: number): void {
    source.pause();
    this.#resting.add(source);
    const isCostly = spent >= COSTLY_MS && !this.#isClosing;
    this.#tired += isCostly ? 1 : 0;
    const goOn = (): void => {
      this.#tired -= isCostly ? 1 : 0;
      this.#resting.delete(source);
      if (!this.#isFull) source.resume();
    };
    if (isCostly) setTimeout(goOn, Math.min(LONGEST_REST_MS, spent * REST * this.#tired));
    else setImmediate(goOn);
  }

  #write(lines: Buffer): void {
    if (lines.length === 0 || this.#target.write(lines) || this.#target.destroyed) return;
    this.#isFull = true;
    for (const source of this.#sources) source.pause();
  }

  #resume(): void {
    this.#isFull = false;
    for (const source of this.#sources) if (!this.#resting.has(source)) source.resume();
  }
}
