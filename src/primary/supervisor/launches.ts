import { messageOf } from '../../contract/message-of.ts';
import type { Launch, LaunchChanges, Program, Settings } from '../../options/index.ts';
import type { Log } from '../telemetry/log.ts';

/** What new workers run, and the settings that count. */
export interface InForce {
  readonly launch: Launch;
  /** The launch's settings, as far as this machine can do them. */
  readonly settings: Settings;
}

export interface LaunchesParts {
  readonly log: Log;
  /** Reads everything anew: the config file, files of variables, where links lead. @throws Error that says what is wrong. */
  readonly read: (before: Launch) => Promise<InForce & { readonly changes: LaunchChanges }>;
  /** Follows the links again, with the rest as it was. @throws Error when they lead nowhere. */
  readonly follow: (launch: Launch) => Launch;
  /** Whether the directory that workers start in is still there. */
  readonly isThere: (launch: Launch) => boolean;
  /** Makes the release's directory the primary's own, so that it holds no release that is gone. */
  readonly enter: (directory: string) => void;
}

/** Whether what the next generation is to run could be read. */
export type Renewed = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** A reload that fails goes one step back, and a rollback of the one before it another one. */
const MOST_STEPS_BACK = 4;

/**
 * What the workers run: by default what it was at the start, and after a reload what was on disk then. A reload that fails
 * goes back to what was before it. So a worker that replaces a crashed one runs what its neighbours run.
 */
export class Launches {
  readonly #parts: LaunchesParts | undefined;
  #now: InForce;
  /** What was in force before each reload, the last one at the end. */
  readonly #before: InForce[] = [];
  #next: (InForce & { readonly changes: LaunchChanges }) | undefined;
  #reads = 0;

  /** @param parts undefined where nothing can change, as in tests. */
  constructor(first: InForce, parts?: LaunchesParts) {
    this.#now = first;
    this.#parts = parts;
  }

  /** True where nothing can change. */
  get isFixed(): boolean {
    return this.#parts === undefined;
  }

  get settings(): Settings {
    return this.#now.settings;
  }

  /** The working directory of the workers, without links. */
  get directory(): string {
    return this.#now.launch.directory.real;
  }

  /** The program in force, whether it is still on the disk or not. */
  get current(): Program {
    return this.#now.launch.program;
  }

  /** The path of the program. */
  get entry(): string {
    return this.#now.launch.program.entry;
  }

  /**
   * Returns the program of a worker that is about to start. A release that was removed is replaced by the one to which the
   * links lead now, because a worker of that one is better than none.
   *
   * @throws Error when there is none.
   */
  program(): Program {
    const { launch } = this.#now;
    if (this.#parts !== undefined && !this.#parts.isThere(launch)) {
      const followed = this.#parts.follow(launch);
      this.#parts.log('release gone', { release: launch.directory.real, instead: followed.directory.real });
      this.#now = { ...this.#now, launch: followed };
      this.#enter();
    }
    return this.#now.launch.program;
  }

  /**
   * Reads what the next generation is to run. `adopt` puts it into force.
   *
   * @returns what was found; undefined when it has been read again meanwhile, for another reload.
   */
  async renew(): Promise<Renewed | undefined> {
    const read = ++this.#reads;
    this.#next = undefined;
    try {
      const next = await this.#parts?.read(this.#now.launch);
      if (read !== this.#reads) return undefined;
      this.#next = next;
      return { ok: true };
    } catch (error) {
      return read === this.#reads ? { ok: false, reason: messageOf(error) } : undefined;
    }
  }

  /** @returns the number of workers where that has changed. */
  adopt(): number | undefined {
    const next = this.#next;
    this.#next = undefined;
    this.#before.push(this.#now);
    if (this.#before.length > MOST_STEPS_BACK) this.#before.shift();
    if (next === undefined) return undefined;
    const { workers, range } = this.#now.launch.settings;
    this.#now = { launch: next.launch, settings: next.settings };
    this.#enter();
    const { release, settings, env } = next.changes;
    if (release !== '' || settings !== '' || env !== '') {
      const orNone = (text: string): string | undefined => text || undefined;
      this.#parts!.log('changed', { release: orNone(release), settings: orNone(settings), env: orNone(env) });
    }
    // With a range their number is not the config file's.
    return range !== undefined || next.settings.workers === workers ? undefined : next.settings.workers;
  }

  /** The reload has failed, or is rolled back. */
  revert(): void {
    const before = this.#before.pop();
    if (before === undefined) return;
    this.#now = before;
    this.#enter();
  }

  #enter(): void {
    const { launch } = this.#now;
    if (this.#parts?.isThere(launch) === true) this.#parts.enter(launch.directory.real);
  }
}
