import type { Inherited } from '../../listeners/inherited.ts';
import type { Settings } from '../../options/index.ts';
import type { Binder } from '../../privileges/binder.ts';
import type { Handover } from '../../upgrade/handover.ts';
import type { OldPrimary } from '../../upgrade/old-primary.ts';
import type { CrewParts } from '../workers/worker-processes.ts';
import type { ControlAddress } from './control-address.ts';
import type { EventQueue } from './event-queue.ts';
import type { Hooks } from './hooks.ts';

/** What a supervisor is made with, beside what the workers' processes take. */
export interface SupervisorParts extends Pick<
  CrewParts,
  'program' | 'sharing' | 'balance' | 'board' | 'os' | 'log' | 'output'
> {
  readonly settings: Settings;
  /** What all that happens goes through. */
  readonly queue: EventQueue;
  readonly address: ControlAddress;
  /** Binds ports that the user of the server may not bind; undefined where there are none. */
  readonly binder: Binder | undefined;
  readonly hooks: Hooks;
  /** Takes what was thrown over one event, where the others can still be handled. */
  readonly fault: (error: unknown) => void;
  /** Of the primary before this one, if it is to be succeeded. */
  readonly handover: Handover | undefined;
  /** Hears what became of connections of its workers. */
  readonly oldPrimary: Pick<OldPrimary, 'moved'> | undefined;
  /** What systemd passed. */
  readonly passed: Inherited | undefined;
  /** Of systemd's notification socket, where it passed that. */
  readonly notifyFd: number | undefined;
  /** Beside the primary's own environment, for the one that succeeds it. */
  readonly newPrimaryEnv: NodeJS.ProcessEnv;
}
