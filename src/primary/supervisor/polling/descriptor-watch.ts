import { readdirSync, statSync } from 'node:fs';

/** So many more descriptors than at the last look at them make another one. */
const MANY_MORE = 64;

const PLACE = '/proc/self/fd';

/**
 * Counts the descriptors of this process. When there are many more than before, all workers are asked whether some wait in their channels:
 * a worker may send more of them than it says, and nothing else shows these. The question costs a message, so that many for
 * another reason do no harm. Owns nothing.
 */
export class DescriptorWatch {
  readonly #settle: (onlyOverdue: boolean) => void;
  readonly #count: () => number;
  #before: number;

  /**
   * @param settle asks all workers, or again only those whose answer is overdue.
   * @param count returns Infinity when there is no descriptor left to count with.
   */
  constructor(settle: (onlyOverdue: boolean) => void, count: () => number = countDescriptors) {
    this.#settle = settle;
    this.#count = count;
    this.#before = count();
  }

  look(): void {
    const now = this.#count();
    const isMany = now > this.#before + MANY_MORE;
    if (isMany || now < this.#before) this.#before = now;
    this.#settle(!isMany);
  }
}

/** Newer kernels (Linux 6.2) tell the number without a list. @returns 0 where the system tells neither */
function countDescriptors(): number {
  if (process.platform !== 'linux') return 0;
  try {
    return statSync(PLACE).size || readdirSync(PLACE).length;
  } catch {
    return Infinity;
  }
}
