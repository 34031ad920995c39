import { randomUUID } from 'node:crypto';
import type { Engine } from './engine.ts';
import { StateError } from './error.ts';
import { HeldLease } from './held-lease.ts';
import { thisProcess } from './identity.ts';
import type { Patience, Turns } from './turns.ts';

/** How often waiting processes check a lease again. The death of a holder is not announced. */
export const LOOK_AGAIN_MS = 100;

/** Names the holder of a lease, and tells this wait from others of this process. */
export function newOwner(): string {
  return `${thisProcess()} ${randomUUID()}`;
}

/**
 * Tries to get a lease.
 *
 * @returns undefined when another process has it.
 */
export async function tryToHold(engine: Engine, name: string, ttl: number): Promise<HeldLease | undefined> {
  const since = performance.now();
  const owner = newOwner();
  const attempt = await engine.acquire(name, owner, ttl);
  return 'token' in attempt ? new HeldLease(engine, { name, owner, token: attempt.token }, ttl, since) : undefined;
}

/** How a lease is waited for, in ms. */
export interface Wait {
  readonly ttl: number;
  readonly timeout: number;
}

/**
 * Waits for a lease. Those of this process who wait for one name do so in `turns`, in the order in which they came. If all
 * asked the store at each release, their questions would grow with the square of their number.
 *
 * A turn ends when the lease is got. The next one then asks the store while the work goes on, so it hears when that lease
 * is lost and not given back.
 *
 * @throws StateError `ERR_STATE_TIMEOUT` when others held it for all of `timeout` ms.
 */
export async function waitToHold(engine: Engine, turns: Turns, name: string, wait: Wait): Promise<HeldLease> {
  const until = performance.now() + wait.timeout;
  const late = (): StateError =>
    new StateError('ERR_STATE_TIMEOUT', `'${name}' was held by others for ${wait.timeout} ms`);
  return turns.take(name, { until, late }, () => holdUntil(engine, name, wait.ttl, { until, late }));
}

async function holdUntil(engine: Engine, name: string, ttl: number, { until, late }: Patience): Promise<HeldLease> {
  for (;;) {
    const change = nextChange(engine, name, Math.min(LOOK_AGAIN_MS, Math.max(0, until - performance.now())));
    const held = await tryToHold(engine, name, ttl).finally(() => change.watch());
    if (held !== undefined) {
      change.cancel();
      return held;
    }
    await change.come;
    if (performance.now() >= until) throw late();
  }
}

export interface NextChange {
  /** Settles when the lease was given back, or when it is time to check again. */
  readonly come: Promise<void>;
  /** Starts the clock. The caller does this after the attempt, which may take long. */
  watch(): void;
  cancel(): void;
}

/** Listens from now on, so that a release during the next attempt is not missed. */
export function nextChange(engine: Engine, name: string, lookAgain: number = LOOK_AGAIN_MS): NextChange {
  let timer: NodeJS.Timeout | undefined;
  let finish: () => void;
  const come = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const stop = engine.onReleased(name, () => cancel());
  const cancel = (): void => {
    clearTimeout(timer);
    stop();
    finish();
  };
  return { come, watch: () => (timer = setTimeout(cancel, lookAgain)), cancel };
}
