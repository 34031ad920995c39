/** Everything that a run has found out, as it is kept in results/. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Machine } from './machine.ts';
import type { MicroResult } from './micro/micro.ts';
import { UsageError } from './options.ts';
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

/** A run whose scenarios went into a merged one. */
export interface Part {
  readonly started: string;
  readonly minutes: number;
  readonly seed: number;
  readonly scenarios: readonly string[];
}

export interface Results {
  readonly started: string;
  readonly minutes: number;
  /** The last commit that changed what is measured or what measures, with a word when there are changes on top of it. */
  readonly commit: string;
  /** Fewer rounds or shorter runs than the bench's own. */
  readonly shortened: boolean;
  /** Not all of the bench, or shortened. */
  readonly partial: boolean;
  /** The systems that were named. */
  readonly against: readonly string[];
  /** Of a merged one: what it is made of. */
  readonly parts?: readonly Part[];
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
  const name = `${results.started.replaceAll(':', '-')}${results.parts === undefined ? '' : '-merged'}`;
  const file = join(paths.results, `${name}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
  return file;
}

/** A file as the user names it: from where npm was called, or by its name in results/. */
const found = (file: string): string =>
  [resolve(process.env['INIT_CWD'] ?? '.', file), join(paths.results, file)].find((path) => existsSync(path)) ?? file;

export function readResults(file: string): Results {
  let results: Partial<Results>;
  try {
    results = JSON.parse(readFileSync(found(file), 'utf8')) as Partial<Results>;
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(results.samples) || results.commit === undefined)
    throw new UsageError(`${file} is not of this bench: it has no samples, or does not say of which commit they are`);
  return results as Results;
}
