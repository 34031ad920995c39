/** Tells events in words for people. This module is pure. */
import { scaleReasons } from '../../contract/autoscaling.ts';
import { isKeyOf } from '../../contract/tables.ts';
import { duration } from '../../format/duration.ts';
import type { RecordedEvent } from '../../control/controls.ts';
import type { Look } from './states.ts';

export interface Told extends Pick<Look, 'shape' | 'tone'> {
  readonly text: string;
  /** The application's words about it, or its kind. */
  readonly detail: string;
}

type Fields = RecordedEvent['fields'];
type Teller = (fields: Fields) => Told;

const tellers: Readonly<Record<string, Teller>> = {
  'worker:spawn': (fields) => told('booting', 'quiet', `${workerOf(fields)} starts`, `gen ${fields['generation']}`),
  'worker:ready': (fields) => told('serving', 'good', `${workerOf(fields)} serves`, `after ${time(fields['took'])}`),
  'worker:hung': (fields) => told('hung', 'bad', `${workerOf(fields)} hangs`, `silent for ${time(fields['silent'])}`),
  'worker:recovered': (fields) => told('serving', 'good', `${workerOf(fields)} is back`, 'its event loop turns again'),
  'worker:drain': (fields) => told('draining', 'quiet', `${workerOf(fields)} drains`, text(fields['reason'])),
  'worker:exit': ended,
  ready: (fields) => told('serving', 'good', `All ${fields['workers']} workers serve`, `after ${time(fields['took'])}`),
  'reload:start': (fields) => told('turn', 'busy', 'Reload begins', `gen ${fields['generation']}`),
  'reload:done': (fields) =>
    told('turn', 'good', 'Reload done', `gen ${fields['generation']}, in ${time(fields['took'])}`),
  'reload:failed': (fields) => told('crash', 'bad', 'Reload failed', text(fields['reason'])),
  'canary:start': (fields) =>
    told('turn', 'busy', `Canary of ${fields['workers']}`, `gen ${fields['generation']}, for ${time(fields['watch'])}`),
  'canary:promoted': (fields) => told('turn', 'good', 'Canary promoted', text(fields['reason'])),
  rollback: (fields) => told('turn', 'busy', 'Rolled back', `gen ${fields['generation']}, in ${time(fields['took'])}`),
  'scale:start': (fields) =>
    told('note', 'busy', `From ${fields['from']} to ${fields['to']} workers`, reasonOf(fields['reason'])),
  scale: (fields) => told('note', 'busy', `Scaled to ${fields['workers']} workers`, `from ${fields['before']}`),
  stopping: () => told('stopped', 'busy', 'The server stops', ''),
  stopped: (fields) =>
    fields['error'] === undefined
      ? told('stopped', 'quiet', 'The server has stopped', 'as asked')
      : told('crash', 'bad', 'The server has given up', text(fields['error'])),
};

export function tell({ name, fields }: RecordedEvent): Told {
  return Object.hasOwn(tellers, name) ? tellers[name]!(fields) : told('note', 'quiet', name, '');
}

function ended(fields: Fields): Told {
  const after = `after ${time(fields['uptime'])}`;
  const why = text(fields['text'] ?? fields['reason']);
  if (fields['planned'] === true) return told('stopped', 'quiet', `${workerOf(fields)} has left`, after);
  return told('crash', 'bad', `${workerOf(fields)} crashed`, `${why}, ${after}`);
}

function told(shape: string, tone: Told['tone'], line: string, detail: string): Told {
  return { shape, tone, text: line, detail };
}

function workerOf({ slot, pid }: Fields): string {
  return slot === undefined ? `Spare ${pid}` : `Slot ${slot}, pid ${pid ?? '–'},`;
}

/** Autoscaling has a reason, and a person needs none. */
function reasonOf(reason: Fields[string] | undefined): string {
  const word = text(reason);
  if (word === '') return 'as asked';
  return isKeyOf(scaleReasons, word) ? scaleReasons[word] : word;
}

function time(value: Fields[string] | undefined): string {
  return typeof value === 'number' ? duration(value) : '–';
}

function text(value: Fields[string] | undefined): string {
  return value === undefined || value === null ? '' : String(value);
}
