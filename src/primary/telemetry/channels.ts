/** The channels of `publish.ts`, for people: the table in docs/metrics.md. The compiler sees that none is missing. */
import type { LifecycleEvents } from './lifecycle-events.ts';

interface Channel {
  readonly when: string;
  /** The fields of its message. */
  readonly message: string;
}

export const channels: Readonly<Record<keyof LifecycleEvents, Channel>> = {
  'worker:spawn': {
    when: 'a worker’s process was started',
    message: '`pid`, `slot` (undefined for a spare), `generation`',
  },
  'worker:ready': { when: 'it serves its slot', message: 'the same, and `took` since the slot needed it' },
  'worker:hung': { when: 'its event loop stands still', message: 'the same, and `silent`' },
  'worker:recovered': { when: 'it turns again', message: 'the same' },
  'worker:drain': { when: 'it finishes what is in flight, to end then', message: 'the same, and `reason`' },
  'worker:exit': {
    when: 'it has ended',
    message: 'the same, and `code`, `signal`, `reason`, `text`, `planned`, `uptime`',
  },
  ready: { when: 'all slots serve for the first time', message: '`workers`, `took`' },
  'reload:start': { when: 'a reload begins', message: '`generation`' },
  'reload:done': { when: 'the new generation serves', message: '`generation`, `took`' },
  'reload:failed': { when: 'the old one serves on', message: '`generation`, `reason`' },
  scale: { when: 'the number of slots has changed', message: '`workers`, `before`' },
  stopping: { when: 'it is to stop', message: '`workers`' },
  stopped: { when: 'every worker is gone', message: '`error`, undefined when it stopped as asked' },
};

export function channelsMarkdown(): string {
  const rows = Object.entries(channels).map(
    ([name, { when, message }]) => `| \`prefork:${name}\` | ${when} | ${message} |\n`,
  );
  return `| Channel | When | Message |\n| --- | --- | --- |\n${rows.join('')}`;
}
