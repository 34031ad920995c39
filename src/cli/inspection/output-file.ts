import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { PreforkError } from '../../errors.ts';

/**
 * A file that is either whole or not there. Owns it while it is written: closing it removes it, unless it was kept before.
 * Nobody else may read it, for a heap has every secret in it that the worker knows.
 */
export class OutputFile implements Disposable {
  readonly path: string;
  /** Bytes written so far. */
  size = 0;
  readonly #fd: number;
  #isOpen = true;

  /** @throws PreforkError `ERR_NOT_DONE` when it cannot be made, also because it is there already. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(path, 'wx', 0o600);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'EEXIST' ? `${path} is there already: choose another --output` : message;
      throw new PreforkError('ERR_NOT_DONE', reason, { cause: error });
    }
  }

  /**
   * At once and not in turns, so that what comes faster than the disk takes it waits in the worker, and not here. What
   * still comes when it was given up is nobody's.
   *
   * @throws PreforkError `ERR_NOT_DONE` when the disk is full, for example.
   */
  write(text: string): void {
    if (!this.#isOpen) return;
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
      this.size += bytes.length;
    } catch (error) {
      throw new PreforkError('ERR_NOT_DONE', `cannot write ${this.path}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** It is whole. */
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
