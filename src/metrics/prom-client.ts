import type { Family } from './family.ts';
import { systemCode } from '../contract/system-code.ts';

/** The part of prom-client that is used here. It writes the format, and adds the workers' metrics up. */
export interface PromClient {
  readonly Registry: {
    new (contentType: string): {
      readonly contentType: string;
      registerMetric(metric: Family & { get(): Family }): void;
      metrics(): Promise<string>;
    };
    readonly PROMETHEUS_CONTENT_TYPE: string;
    readonly OPENMETRICS_CONTENT_TYPE: string;
  };
  readonly AggregatorRegistry: {
    aggregate(lists: ReadonlyArray<readonly Family[]>): { getMetricsAsJSON(): Promise<Family[]> };
  };
}

export class MissingPromClient extends Error {}

let loaded: PromClient | undefined;

/**
 * Loads prom-client at the first scrape and not before. It takes 12 MB and 40 ms, and most primaries are never scraped.
 *
 * @param trustsWorkingDirectory whether the application's own may be loaded, which the application's user may write.
 * @throws MissingPromClient with a sentence for the client that asked for the metrics.
 */
export function loadPromClient(trustsWorkingDirectory: boolean): PromClient {
  return (loaded ??= findPromClient(trustsWorkingDirectory));
}

/** Finds prom-client beside prefork, or, where prefork is installed globally, beside the application. */
function findPromClient(trustsWorkingDirectory: boolean): PromClient {
  const { createRequire } = process.getBuiltinModule('node:module');
  for (const place of [import.meta.url, ...(trustsWorkingDirectory ? [`${process.cwd()}/`] : [])]) {
    try {
      return createRequire(place)('prom-client') as PromClient;
    } catch (error) {
      if (systemCode(error) !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new MissingPromClient(
    trustsWorkingDirectory
      ? 'the metrics need the package prom-client, which is not installed: npm install prom-client'
      : 'the metrics need the package prom-client beside prefork; with --user, the application’s own is not loaded',
  );
}
