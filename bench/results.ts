/** Everything that a run has found out, as it is kept in results/. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { MicroResult } from './micro/micro.ts';
import { paths } from './paths.ts';
import type { Sample } from './scenario.ts';

/** A measurement, and the round it belongs to. */
export interface Measured extends Sample {
  readonly scenario: string;
  readonly system: string;
  readonly round: number;
}

/** A measurement that did not come about, or a system that could not take part. */
export interface Missing {
  /** Absent: in none of them. */
  readonly scenario?: string;
  readonly system: string;
  readonly why: string;
  /** It was to run and did not: unlike a system that is not on this machine, this makes the bench fail. */
  readonly failed: boolean;
}

export interface Results {
  readonly started: string;
  readonly minutes: number;
  /** Not all of the bench, or the quick form of it. */
  readonly partial: boolean;
  readonly rounds: number;
  readonly seed: number;
  readonly machine: Machine;
  /** Cores of the servers, which is their number of workers, and whether the load generator uses the same ones. */
  readonly workers: number;
  readonly sharedCores: boolean;
  readonly load: string;
  /** Of each system that ran. */
  readonly versions: Readonly<Record<string, string>>;
  readonly samples: readonly Measured[];
  readonly missing: readonly Missing[];
  /** Measurements that were repeated because others used the machine; in no median. */
  readonly disturbed: readonly Measured[];
  readonly micro: readonly MicroResult[];
}

/** @returns the file. */
export function keep(results: Results): string {
  mkdirSync(paths.results, { recursive: true });
  const file = join(paths.results, `${results.started.replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
  return file;
}

export const readResults = (file: string): Results => JSON.parse(readFileSync(file, 'utf8')) as Results;
