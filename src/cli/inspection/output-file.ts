import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { PreforkError } from '../../errors.ts';
import { messageOf } from '../../contract/message-of.ts';

/**
 * A file that is either whole or not there. The object owns the file while it is written: closing removes the file
 * unless `keep` was called. No other user may read it, because a heap contains every secret that the worker knows.
 */
export class OutputFile implements Disposable {
  readonly path: string;
  /** Bytes written so far. */
  size = 0;
  readonly #fd: number;
  #isOpen = true;

  /**
   * Creates the file.
   *
   * @throws PreforkError `ERR_NOT_DONE` when that fails, and when the file exists already.
   */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(path, 'wx', 0o600);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'EEXIST' ? `${path} exists already: choose another --output` : message;
      throw new PreforkError('ERR_NOT_DONE', reason, { cause: error });
    }
  }

  /**
   * Writes synchronously, so that data which arrives faster than the disk takes it waits in the worker and not here.
   * Data that arrives after the file was closed is dropped.
   *
   * @throws PreforkError `ERR_NOT_DONE`, when the disk is full for example.
   */
  write(text: string): void {
    if (!this.#isOpen) return;
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
      this.size += bytes.length;
    } catch (error) {
      throw new PreforkError('ERR_NOT_DONE', `cannot write ${this.path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Marks the file as whole, so that it stays. */
  keep(): void {
    this.#isOpen = false;
    closeSync(this.#fd);
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.keep();
    unlinkSync(this.path);
  }
}

/** `api-0-20260102T030405Z.heapsnapshot` */
export function defaultPath(name: string, slot: number, at: Date, extension: string): string {
  const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${name}-${slot}-${time}.${extension}`;
}
