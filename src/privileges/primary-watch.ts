/** The binder's look at the primary: whether the process lives that may ask it. */
import { readFileSync } from 'node:fs';
import { parseStat } from '../contract/process-stat.ts';
import { systemCode } from '../contract/system-code.ts';

/** Checks in a row that must fail. At the first, its `follow` message may still be in the channel. */
const LOOKS = 2;

/** Tells when a process was started; undefined when it has ended, and an empty text where that is all that can be told. */
export type StartOf = (pid: number) => string | undefined;

/**
 * Watches the primary by its pid and the time of its start. The channel alone does not tell its end: another process that has the channel
 * as well keeps that open.
 */
export class PrimaryWatch {
  readonly #startOf: StartOf;
  #pid = 0;
  #start: string | undefined;
  #missed = 0;

  constructor(pid: number, startOf: StartOf = systemStartOf) {
    this.#startOf = startOf;
    this.follow(pid);
  }

  /** From now on this process is the primary. */
  follow(pid: number): void {
    this.#pid = pid;
    this.#start = this.#startOf(pid);
    this.#missed = 0;
  }

  /** Looks once more. @returns whether the primary is gone. */
  isGone(): boolean {
    const start = this.#startOf(this.#pid);
    // A process whose time is not told, now or before, is taken for the same one.
    if (this.#start === '') this.#start = start;
    const isIt = start === '' || (start !== undefined && start === this.#start);
    this.#missed = isIt ? 0 : this.#missed + 1;
    return this.#missed >= LOOKS;
  }
}

function systemStartOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return undefined;
  }
  const stat = statOf(pid);
  // A zombie has ended, and its parent has not collected it yet.
  return stat?.state === 'Z' || stat?.state === 'X' ? undefined : (stat?.startedAt ?? '');
}

/** Undefined where there is no /proc. */
function statOf(pid: number): ReturnType<typeof parseStat> {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}
