/** What moving, levelling and watching cost while nothing has to be moved: prefork beside itself without them, or with more of them. */

import type { Sample, Staged } from '../scenario.ts';
import { OURS } from '../systems/index.ts';
import { keepAlive, newConnections } from './throughput.ts';

/** A part of the scenario, and what the names of its figures begin with. */
const parts = { kept: keepAlive, new: newConnections } as const;

export const features: Staged = {
  name: 'features',
  title: 'What moving, levelling and watching cost',
  what: 'Hello world over 64 connections that stay, and then over a new one for each request, 64 at a time: prefork as it is, without moves, without levelling, while a canary is watched, and with its metrics scraped each second.',
  columns: [
    { key: 'keptPerSecond', title: 'kept: requests/s', better: 'higher', digits: 0, ratio: true },
    { key: 'keptCpu', title: 'kept: CPU µs/request', better: 'lower', digits: 1, ratio: true },
    { key: 'newPerSecond', title: 'new: requests/s', better: 'higher', digits: 0, ratio: true },
    { key: 'newCpu', title: 'new: CPU µs/request', better: 'lower', digits: 1, ratio: true },
    { key: 'errors', title: 'errors', better: 'lower', digits: 0 },
  ],
  among: [OURS, 'prefork-fixed', 'prefork-kernel', 'prefork-canary', 'prefork-admin'],
  references: [OURS],
  apart: true,
  slow: true,
  stage: 'hello',
  skips: async () => undefined,
  seconds: (lengths, startSeconds) =>
    Object.values(parts).reduce((sum, part) => sum + part.seconds(lengths, startSeconds), 0),
  async measure(server, bench): Promise<Sample> {
    const kept = await parts.kept.measure(server, bench);
    const renewed = await parts.new.measure(server, bench);
    const figure = (sample: Sample, key: string): number => sample.figures[key] ?? NaN;
    return {
      figures: {
        keptPerSecond: figure(kept, 'perSecond'),
        keptCpu: figure(kept, 'cpu'),
        newPerSecond: figure(renewed, 'perSecond'),
        newCpu: figure(renewed, 'cpu'),
        errors: figure(kept, 'errors') + figure(renewed, 'errors'),
        others: Math.max(figure(kept, 'others'), figure(renewed, 'others')),
      },
      commands: [...kept.commands, ...renewed.commands.slice(1)],
    };
  },
};
