/** All systems, in the order in which the tables show them. */

import type { System } from '../system.ts';
import { bun } from './bun.ts';
import { cluster, clusterShared } from './cluster.ts';
import { deno } from './deno.ts';
import { fasthttp, fasthttpPrefork } from './fasthttp.ts';
import { nginxSystem } from './nginx.ts';
import { plain } from './plain.ts';
import { pm2System } from './pm2.ts';
import {
  prefork,
  preforkAdmin,
  preforkCanary,
  preforkFixed,
  preforkHttp,
  preforkKernel,
  preforkModes,
} from './prefork.ts';
import { throng } from './throng.ts';
import { watt } from './watt.ts';

export const systems: readonly System[] = [
  plain,
  prefork,
  preforkHttp,
  preforkAdmin,
  preforkFixed,
  preforkKernel,
  preforkCanary,
  ...preforkModes,
  cluster,
  clusterShared,
  pm2System,
  watt,
  throng,
  bun,
  deno,
  fasthttp,
  fasthttpPrefork,
  nginxSystem,
];

/** The two that ratios are made to. They run whatever `--against` says. */
export const REFERENCES = ['plain', 'cluster'] as const;

/** What is run when nothing is named, beside the references, in the quick form. */
export const OURS = 'prefork';
