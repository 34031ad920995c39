import type { Os } from './os.ts';

/** A boot that takes longer is not held up any more: it may be needed by now, and it has a deadline. */
export const LONGEST_GENTLE_MS = 5000;

/**
 * The workers that boot beside others that serve. A boot computes for some hundred milliseconds. Where all cores are busy the clients of
 * those that serve would wait for that, so a boot gets less of the CPU, where the system allows it: see `setNice`.
 *
 * Owns a timer for each.
 */
export class GentleBoots {
  readonly #os: Pick<Os, 'after' | 'setNice'>;
  readonly #booting = new Map<number, () => void>();

  constructor(os: Pick<Os, 'after' | 'setNice'>) {
    this.#os = os;
  }

  /** The process has just been made. */
  begin(pid: number): void {
    this.#os.setNice(pid, true);
    const cancel = this.#os.after(LONGEST_GENTLE_MS, () => this.end(pid));
    this.#booting.set(pid, cancel);
  }

  /** The process gets as much as any other from now on. Idempotent. */
  end(pid: number): void {
    if (this.forget(pid)) this.#os.setNice(pid, false);
  }

  /**
   * The process has ended.
   *
   * @returns whether it was booting.
   */
  forget(pid: number): boolean {
    this.#booting.get(pid)?.();
    return this.#booting.delete(pid);
  }

  close(): void {
    for (const pid of this.#booting.keys()) this.forget(pid);
  }
}
