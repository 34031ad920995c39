import { PreforkError } from '../../errors.ts';
import type { Effect } from '../fleet/events.ts';
import type { Log } from '../telemetry/log.ts';

/** The user's code that the primary calls; see the options for when. */
export interface HookFunctions {
  readonly onWorkerSpawn?: ((pid: number) => void | Promise<void>) | undefined;
  readonly onPrimaryReady?: ((pids: readonly number[]) => void | Promise<void>) | undefined;
  readonly onWorkerRecover?: ((oldPid: number, newPid: number) => void | Promise<void>) | undefined;
}

type Call = Extract<Effect, { do: 'call' }>;

/** Fences hooks: they run outside the supervisor's queue, and what they throw never reaches it. */
export class Hooks {
  readonly #functions: HookFunctions;
  readonly #log: Log;

  constructor(functions: HookFunctions, log: Log) {
    this.#functions = functions;
    this.#log = log;
  }

  /** @returns the error that has to stop everything, as in fasthttp; a notification never has one. */
  async call(call: Call): Promise<PreforkError | undefined> {
    try {
      await this.#run(call);
      return undefined;
    } catch (cause) {
      const message = `${call.hook} threw: ${cause instanceof Error ? cause.message : String(cause)}`;
      if (call.hook !== 'onWorkerRecover') return new PreforkError('ERR_HOOK_FAILED', message, { cause });
      this.#log('hook failed', { message });
      return undefined;
    }
  }

  async #run(call: Call): Promise<void> {
    switch (call.hook) {
      case 'onWorkerSpawn':
        return this.#functions.onWorkerSpawn?.(call.pid);
      case 'onPrimaryReady':
        return this.#functions.onPrimaryReady?.(call.pids);
      case 'onWorkerRecover':
        return this.#functions.onWorkerRecover?.(call.oldPid, call.newPid);
    }
  }
}
