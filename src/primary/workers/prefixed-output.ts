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

const NEWLINE = 10;

export interface OutputOptions {
  /** Whether the slot stands before each line. @default true */
  readonly hasPrefix?: boolean;
  /** Whether the time stands before each line. @default false */
  readonly hasTime?: boolean;
  /** Hears each line without its end, and whose it is: what stands in brackets before it. */
  readonly keep?: ((source: number | string, line: Buffer) => void) | undefined;
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
    const kept = keep && ((line: Buffer): void => keep(find(), line));
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
  readonly #kept: ((line: Buffer) => void) | undefined;
  readonly #clean: ((text: string) => string) | undefined;
  /** The beginning of a line that has not ended. */
  readonly #rest = new Gathered();

  constructor(prefix: () => Buffer, kept?: (line: Buffer) => void, clean?: (text: string) => string) {
    this.#prefix = prefix;
    this.#kept = kept;
    this.#clean = clean;
  }

  /**
   * Adds a piece.
   *
   * @returns the lines that end in it, ready to be written at once.
   */
  add(piece: Buffer): Buffer[] {
    const parts: Buffer[] = [];
    // All lines of a piece have come at the same time. A worker may write thousands of empty ones.
    let prefix: Buffer | undefined;
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      const line = [...this.#take(), piece.subarray(start, end + 1)];
      this.#tell(line);
      parts.push((prefix ??= this.#prefix()), ...this.#safe(line));
      start = end + 1;
    }
    this.#rest.add(piece.subarray(start));
    return this.#rest.length > LONGEST_LINE_BYTES ? [...parts, ...this.end()] : parts;
  }

  /** Ends an unfinished line, so that the next worker's line does not continue in it. */
  end(): Buffer[] {
    if (this.#rest.length === 0) return [];
    const line = [...this.#take(), Buffer.of(NEWLINE)];
    this.#tell(line);
    return [this.#prefix(), ...this.#safe(line)];
  }

  /** A whole line is cleaned, because a sequence may come in pieces. */
  #safe(line: readonly Buffer[]): readonly Buffer[] {
    return this.#clean === undefined ? line : [Buffer.from(this.#clean(Buffer.concat(line).toString()))];
  }

  /** Tells of a line, without its end. */
  #tell(pieces: readonly Buffer[]): void {
    if (this.#kept === undefined) return;
    const line = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    this.#kept(line.subarray(0, line.at(-2) === 13 ? -2 : -1));
  }

  #take(): Buffer[] {
    if (this.#rest.length === 0) return [];
    const { buffer, byteOffset, byteLength } = this.#rest.take();
    return [Buffer.from(buffer, byteOffset, byteLength)];
  }
}

/** An output of the primary, with all pipes that go into it. */
class Sink {
  readonly #target: Writable;
  readonly #sources = new Set<Readable>();
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
      this.#write(lines.add(piece));
      // A worker that writes without end would otherwise be read without end within one turn of the event loop.
      source.pause();
      setImmediate(() => {
        if (!this.#isFull) source.resume();
      });
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
    if (this.#sources.size === 0) return;
    const deadline = setTimeout(() => this.#abandon(), LAST_OUTPUT_MS);
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
