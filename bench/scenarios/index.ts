/** All scenarios, in the order in which they run. Memory comes first of those on the same server: then it is fresh. */

import type { Scenario } from '../scenario.ts';
import { deploys } from './deploys.ts';
import { features } from './features.ts';
import { growth } from './growth.ts';
import { idle } from './idle.ts';
import { kill, reload } from './losses.ts';
import { memory } from './memory.ts';
import { proxied } from './proxied.ts';
import { ready } from './ready.ts';
import { spread } from './spread.ts';
import { compute, json, keepAlive, newConnections, original, post, tls, varied } from './throughput.ts';

export const scenarios: readonly Scenario[] = [
  original,
  memory,
  keepAlive,
  newConnections,
  compute,
  varied,
  json,
  post,
  tls,
  ready,
  spread,
  idle,
  reload,
  kill,
  deploys,
  proxied,
  features,
  growth,
];
