import { closeSync, fstatSync, watch, writeSync, type FSWatcher } from 'node:fs';

/** Where files cannot be watched, they are checked this often. */
const POLL_MS = 20;

/**
 * Wakes the other processes that use the store. A process writes to a file when there are news, and listeners watch
 * that file. That costs nothing while nothing happens, and needs no process in between. The object owns the descriptor
 * and the watch.
 */
export class ChangeNotifier {
  readonly #path: string;
  readonly #fd: number;
  readonly #byte = new Uint8Array(1);
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #keepsAlive = false;

  constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /**
   * Wakes the listeners. The messages are written by then, so a failure does not undo them: the next call announces them
   * too.
   */
  notify(): void {
    try {
      writeSync(this.#fd, this.#byte, 0, 1, 0);
    } catch {
      // Overwriting a byte takes no space, except on file systems that never write in place.
    }
  }

  /** From now on `onNotified` is called after each call of `notify`, or once for several. */
  listen(onNotified: () => void): void {
    if (this.#watcher !== undefined || this.#timer !== undefined) return;
    try {
      this.#watcher = watch(this.#path, { persistent: true }, onNotified);
      this.#watcher.on('error', () => this.#pollInstead(onNotified));
    } catch {
      // Each user has 128 watches by default (fs.inotify.max_user_instances).
      this.#pollInstead(onNotified);
    }
    this.keepAlive(this.#keepsAlive);
  }

  keepAlive(alive: boolean): void {
    this.#keepsAlive = alive;
    const what = this.#watcher ?? this.#timer;
    if (alive) what?.ref();
    else what?.unref();
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
    closeSync(this.#fd);
  }

  #pollInstead(onNotified: () => void): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    let seen = fstatSync(this.#fd).mtimeMs;
    this.#timer = setInterval(() => {
      const now = fstatSync(this.#fd).mtimeMs;
      if (now === seen) return;
      seen = now;
      onNotified();
    }, POLL_MS);
    this.keepAlive(this.#keepsAlive);
  }
}
