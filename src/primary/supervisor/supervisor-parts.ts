import type { Inherited } from '../../listeners/inherited.ts';
import type { NamedDirectory } from '../../options/index.ts';
import type { Binder } from '../../privileges/binder.ts';
import type { Handover } from '../../upgrade/handover.ts';
import type { OldPrimary } from '../../upgrade/old-primary.ts';
import type { WorkerProcessesParts } from '../workers/worker-processes.ts';
import type { ControlAddress } from './control-address.ts';
import type { EventQueue } from './event-queue.ts';
import type { Hooks } from './hooks.ts';
import type { Launches } from './launches.ts';

/** The parts with which a supervisor is made, beside those of the workers' processes. */
export interface SupervisorParts extends Pick<
  WorkerProcessesParts,
  'sharing' | 'balance' | 'seed' | 'board' | 'os' | 'log' | 'output'
> {
  readonly launches: Launches;
  /** The directory that the primary was started in. The next primary starts there, too. */
  readonly home?: NamedDirectory | undefined;
  /** The queue through which everything that happens goes. */
  readonly queue: EventQueue;
  readonly address: ControlAddress;
  /** Root has started this server for another user. */
  readonly isFromRoot: boolean;
  /** Binds ports that the user of the server may not bind; undefined where there are none. */
  readonly binder: Binder | undefined;
  readonly hooks: Hooks;
  /** Takes an error that was thrown over one event, when the others can still be handled. */
  readonly fault: (error: unknown) => void;
  /** The handover of the primary before this one, if that is to be succeeded. */
  readonly handover: Handover | undefined;
  /** Hears what became of connections of the old primary's workers. */
  readonly oldPrimary: Pick<OldPrimary, 'moved'> | undefined;
  /** The sockets that systemd passed. */
  readonly passed: Inherited | undefined;
  /** The descriptor of systemd's notification socket, where systemd passed that. */
  readonly notifyFd: number | undefined;
  /** The variables for the primary that succeeds this one, beside this one's own environment. */
  readonly newPrimaryEnv: NodeJS.ProcessEnv;
}
