import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { run } from '../command.ts';
import { paths } from '../paths.ts';
import type { Bench } from '../scenario.ts';
import type { System } from '../system.ts';
import { listenPath } from './listen.ts';
import type { MicroResult } from './micro.ts';

const inProcess = fileURLToPath(new URL('in-process.ts', import.meta.url));

/** All micro-benchmarks; none of those in prefork's own code when it is not built. */
export async function runMicro(
  systems: readonly System[],
  bench: Bench,
  say: (line: string) => void,
): Promise<MicroResult[]> {
  const results: MicroResult[] = [];
  if (existsSync(paths.prefork)) {
    const output = await run([paths.installed('node/bin/node'), inProcess, ...(bench.quick ? ['--quick'] : [])]);
    const json = output.slice(output.indexOf('['), output.lastIndexOf(']') + 1);
    results.push(...(JSON.parse(json) as MicroResult[]));
    const said = output.replace(json, '').trim();
    if (said !== '') say(`  skipped  ${said}`);
  }
  results.push(...(await listenPath(systems, bench)));
  for (const result of results) say(`  ${result.name.padEnd(52)} ${microTime(result)}${microRatio(result, results)}`);
  return results;
}

export const microTime = ({ ns }: MicroResult): string =>
  ns >= 10_000 ? `${(ns / 1000).toFixed(1)} µs` : `${ns.toFixed(0)} ns`;

export function microRatio({ ns, bare }: MicroResult, all: readonly MicroResult[]): string {
  const to = all.find(({ name }) => name === bare);
  return to === undefined ? '' : `  ${(ns / to.ns).toFixed(2)} × ${to.name}`;
}
