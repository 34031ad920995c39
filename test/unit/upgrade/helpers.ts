import { FORMAT, type Handover } from '../../../src/upgrade/handover.ts';

/** A primary that has nothing to hand over but its name. */
export const nothing: Handover = {
  format: FORMAT,
  name: 'app',
  control: '',
  generation: 1,
  workers: undefined,
  notifyFd: undefined,
  listeners: [],
  ephemeral: [],
};
