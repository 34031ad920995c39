import { readdirSync, statSync, watch, type FSWatcher, type Stats } from 'node:fs';
import { extname, join, sep } from 'node:path';

/** The kinds of files that a change of is a change of code. A file of data that the application writes is none. */
const CODE = new Set(['.js', '.mjs', '.cjs', '.jsx', '.ts', '.mts', '.cts', '.tsx', '.json', '.wasm', '.node']);

/** The number of directories that are watched: inotify(7) has a limit for all processes of a user. */
const MOST_DIRECTORIES = 2048;

/** An editor writes a file in several steps, and a tool writes several files. They are one change. */
const QUIET_MS = 100;

/**
 * Watches the code of an application, for `--watch`. The primary chooses what is watched: the directories that it was started
 * in and for, and below them all but `node_modules` and what begins with a dot. Links are not followed. No worker has a say in it.
 *
 * Owns a watcher for each directory and a timer, which `close` ends.
 */
export class FileWatcher {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed: (file: string) => void;
  #places: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #isWhole = true;

  /** @param changed is called with the path of a file, once for files that change together. */
  constructor(places: readonly string[], changed: (file: string) => void) {
    this.#changed = changed;
    this.#places = places;
    for (const place of places) this.#add(place);
  }

  /** Watches these places from now on, and no others. What changes there while they are looked for is a change, too. */
  follow(places: readonly string[]): void {
    if (places.join('\0') === this.#places.join('\0')) return;
    this.close();
    this.#places = places;
    this.#isWhole = true;
    for (const place of places) this.#add(place);
  }

  /** The number of directories. */
  get size(): number {
    return this.#watchers.size;
  }

  /** False when there are more directories than can be watched. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Watches a directory and those below it. @returns whether code is in them */
  #add(directory: string): boolean {
    if (this.#watchers.has(directory)) return false;
    if (this.#watchers.size >= MOST_DIRECTORIES) {
      this.#isWhole = false;
      return false;
    }
    let hasCode = false;
    try {
      const watcher = watch(directory, (_, name) => this.#hear(directory, name));
      // The directory is gone, or can no longer be watched.
      watcher.on('error', () => this.#remove(directory));
      this.#watchers.set(directory, watcher);
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        if (!isWatched(entry.name)) continue;
        if (!entry.isDirectory()) hasCode ||= isCode(entry.name);
        else if (this.#add(join(directory, entry.name))) hasCode = true;
      }
    } catch {
      this.#isWhole = false;
    }
    return hasCode;
  }

  #remove(directory: string): void {
    for (const [path, watcher] of this.#watchers) {
      if (path !== directory && !path.startsWith(`${directory}${sep}`)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
  }

  #hear(directory: string, name: string | null): void {
    if (name === null || !isWatched(name)) return;
    const path = join(directory, name);
    const stats = statsOf(path);
    if (stats?.isDirectory()) {
      // Files may have been written there before it was watched.
      if (this.#add(path)) this.#tell(path);
      return;
    }
    if (stats === undefined) this.#remove(path);
    if (isCode(name)) this.#tell(path);
  }

  #tell(path: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed(path), QUIET_MS);
  }
}

/** Returns undefined for a file that is gone, and for what no file can be found by, such as a link to itself. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function isCode(name: string): boolean {
  return CODE.has(extname(name)) || /^\.env(?:\.|$)/.test(name);
}

function isWatched(name: string): boolean {
  return name !== 'node_modules' && (!name.startsWith('.') || name.startsWith('.env'));
}
