/** The look and the meaning of each state of a worker or a slot: first a shape and a word, then a colour. */
import type { SlotStatus, WorkerStatus } from '../../control/controls.ts';
import { isKeyOf } from '../../contract/tables.ts';

export type State = WorkerStatus['state'] | SlotStatus['state'];
export type Tone = 'good' | 'busy' | 'bad' | 'quiet';

export interface Look {
  /** The name of a symbol in index.html. */
  readonly shape: string;
  readonly tone: Tone;
  /** The text for the help. */
  readonly meaning: string;
}

export const looks: Readonly<Record<State, Look>> = {
  serving: { shape: 'serving', tone: 'good', meaning: 'accepts connections' },
  standby: { shape: 'standby', tone: 'quiet', meaning: 'has booted and waits for a slot' },
  booting: { shape: 'booting', tone: 'busy', meaning: 'starts' },
  taking: { shape: 'taking', tone: 'busy', meaning: 'is not ready yet' },
  parked: { shape: 'standby', tone: 'quiet', meaning: 'may get its slot back' },
  draining: { shape: 'draining', tone: 'busy', meaning: 'finishes what is in flight' },
  ending: { shape: 'draining', tone: 'busy', meaning: 'is told to end' },
  hung: { shape: 'hung', tone: 'bad', meaning: 'its event loop stands still' },
  waiting: { shape: 'waiting', tone: 'bad', meaning: 'has crashed and waits for its restart' },
  stopped: { shape: 'stopped', tone: 'quiet', meaning: 'no longer serves' },
  empty: { shape: 'standby', tone: 'quiet', meaning: 'has no worker yet' },
};

/** The look of a state that only a newer server knows. */
const unknown: Look = { shape: 'note', tone: 'quiet', meaning: '' };

export function lookOf(state: string): Look {
  return isKeyOf(looks, state) ? looks[state] : unknown;
}
