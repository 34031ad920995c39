/**
 * Finds out whether descriptors wait in a channel, where nothing can see or close them. libuv keeps those that come together, and hands
 * one with each read. It knows sockets of IP and of streams. One of another kind (an eventfd, SOCK_SEQPACKET) stays at the head of its
 * queue for ever. All that come later stay behind it, and no read shows any. So the other process is asked two things:
 *
 * 1. `settle`: to send no handle, and to answer `settled`. A read that has brought this answer and a handle shows that some are
 *    queued (`Intake`). One without a handle shows that the queue is empty, or that nothing leaves it any more.
 * 2. `prove`, when that answer has come: to send a handle. Where this one does not come either, nothing leaves the queue. A process whose
 *    kernel does not take the handle says so, and is asked again for some time.
 *
 * A handle that comes after the first answer shows that the queue was empty when the answer came. What is sent after the question is
 * found by the next one: `DescriptorWatch` has counted before it asked.
 */
import { closeSync, openSync } from 'node:fs';

/** The answers of the other process. */
export type Answer = 'settled' | 'proof';

export interface SettlingParts {
  readonly tell: (type: 'settle' | 'prove' | 'resume') => void;
  /** The other process misuses the channel. `isLast` is true where it is not worth another question. */
  readonly blame: (what: string, isLast: boolean) => void;
  /** At how many looks an answer may be missing. */
  readonly mostLooks: number;
  /** Whether this process can open a descriptor. Where it cannot, the kernel drops those that come. */
  readonly canOpen?: () => boolean;
  /** Whether the process knows the second question. @default it does */
  readonly canProve?: () => boolean;
}

/** So many answers without their handle are no chance. */
const MISSED_IN_A_ROW = 2;

/** What an answer came with. */
export interface Proof {
  readonly hasHandle: boolean;
  /** The other process says that its kernel has not taken the handle (ETOOMANYREFS: too many of its user are on their way). */
  readonly isUnsent?: boolean;
}

/** The questions to one process. Owns nothing. */
export class Settling {
  readonly #parts: SettlingParts;
  #awaited: Answer | undefined;
  /** At how many looks the answer was missing. */
  #looks = 0;
  /** Something came since the question that makes the answer worthless. */
  #isDoubted = false;
  /** The last answer told nothing, as it may be that no descriptor was left for the handle. */
  #isOwed = false;
  /** How many answers in a row came without their handle, though a descriptor was left when they had come. */
  #missed = 0;
  /** At how many looks nothing was known, since the other process first answered so that nothing was shown. Undefined where it has not. */
  #unshown: number | undefined;

  constructor(parts: SettlingParts) {
    this.#parts = parts;
  }

  /** Whether the next look is for this process, also when there is no new reason to ask. */
  get isOpen(): boolean {
    return this.#awaited !== undefined || this.#isOwed;
  }

  /**
   * Asks, or counts that there is no answer yet.
   *
   * @param isStill whether the process stands still, and cannot answer.
   */
  look(isStill: boolean): void {
    const { canOpen = canOpenOne } = this.#parts;
    // A look at which this process can take no descriptor itself shows nothing of the other one.
    if (this.#unshown !== undefined && !isStill && canOpen() && ++this.#unshown > this.#parts.mostLooks)
      return this.#parts.blame('does not show for long that its descriptors come', true);
    if (this.#awaited === undefined) return this.#ask();
    // Once it goes on it has the whole time: its first beat comes before it reads the question.
    this.#looks = isStill ? 0 : this.#looks + 1;
    if (this.#looks > this.#parts.mostLooks) this.#parts.blame('does not say that it sends no descriptor', true);
  }

  /** Something came that makes the answer `settled` uncertain: the next look asks again. After that answer it means nothing. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** Takes an answer. */
  answered(answer: Answer, { hasHandle, isUnsent = false }: Proof): void {
    if (this.#awaited !== answer) return this.#parts.blame('answers what was not asked', false);
    if (answer === 'settled') return this.#settled();
    if (hasHandle) return this.#shown();
    if (isUnsent) return this.#askInVain();
    const { blame, canOpen = canOpenOne } = this.#parts;
    this.#missed += canOpen() ? 1 : 0;
    // A descriptor may have become free in between.
    if (this.#missed < MISSED_IN_A_ROW) return this.#askLater();
    this.#missed = 0;
    blame('descriptors of a kind that nobody can take', false);
    this.#ask();
  }

  #settled(): void {
    if (this.#isDoubted) return this.#askInVain();
    const { canProve = () => true, tell } = this.#parts;
    if (!canProve()) return this.#shown();
    this.#await('proof');
    tell('prove');
  }

  #shown(): void {
    this.#missed = 0;
    this.#unshown = undefined;
    this.#resume();
  }

  #ask(): void {
    this.#isDoubted = this.#isOwed = false;
    this.#await('settled');
    this.#parts.tell('settle');
  }

  /** The other process has shown nothing, and decides how often it does so: it has its time, and is not asked at once. */
  #askInVain(): void {
    this.#unshown ??= 0;
    this.#askLater();
  }

  /** The next look asks again. */
  #askLater(): void {
    this.#isOwed = true;
    this.#resume();
  }

  #resume(): void {
    this.#awaited = undefined;
    this.#parts.tell('resume');
  }

  #await(answer: Answer): void {
    this.#awaited = answer;
    this.#looks = 0;
  }
}

function canOpenOne(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return true;
  } catch {
    return false;
  }
}
