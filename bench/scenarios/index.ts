/** All scenarios, in the order in which they run and the pages show them. */

import type { Scenario } from '../scenario.ts';
import { idle } from './idle.ts';
import { kill, reload } from './losses.ts';
import { memory } from './memory.ts';
import { ready } from './ready.ts';
import { spread } from './spread.ts';
import { compute, json, keepAlive, newConnections, original, post, tls, varied } from './throughput.ts';

export const scenarios: readonly Scenario[] = [
  original,
  keepAlive,
  newConnections,
  compute,
  varied,
  json,
  post,
  tls,
  ready,
  memory,
  spread,
  idle,
  reload,
  kill,
];
