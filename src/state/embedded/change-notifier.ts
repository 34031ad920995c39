import { closeSync, fstatSync, watch, writeSync, type FSWatcher } from 'node:fs';

/** Where files cannot be watched they are looked at so often, ms. */
const POLLING = 20;

/**
 * Wakes the other processes that have the store: a file that is written to when there is something to hear, and watched by
 * those who listen. That costs nothing while nothing happens, and no process stands in between. Owns descriptor and watch.
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

  /** What is to be heard is written by then, so it is not undone when this fails: the next ring tells of it too. */
  ring(): void {
    try {
      writeSync(this.#fd, this.#byte, 0, 1, 0);
    } catch {
      // A byte that is there takes no room, except on file systems that never write in place.
    }
  }

  /** From now on, `onRing` is called after each ring, or once for several. */
  listen(onRing: () => void): void {
    if (this.#watcher !== undefined || this.#timer !== undefined) return;
    try {
      this.#watcher = watch(this.#path, { persistent: true }, onRing);
      this.#watcher.on('error', () => this.#pollInstead(onRing));
    } catch {
      // Each user has 128 of them by default (fs.inotify.max_user_instances).
      this.#pollInstead(onRing);
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

  #pollInstead(onRing: () => void): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    let seen = fstatSync(this.#fd).mtimeMs;
    this.#timer = setInterval(() => {
      const now = fstatSync(this.#fd).mtimeMs;
      if (now === seen) return;
      seen = now;
      onRing();
    }, POLLING);
    this.keepAlive(this.#keepsAlive);
  }
}
