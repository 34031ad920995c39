/** Asks a prefork for its metrics again and again, as Prometheus does. */

import type { Running } from '../system.ts';

/** @returns what ends it, and throws when a scrape failed or none was made. */
export function scraped({ log }: Running, everyMs: number): () => void {
  let failure: unknown = new Error('no metrics were scraped');
  let scrapes = 0;
  const scrape = async (): Promise<void> => {
    try {
      const url = /admin address=(\S+)/.exec(log())?.[1];
      const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(everyMs) });
      const text = await response.text();
      if (!response.ok || !text.includes('prefork_')) throw new Error(`${response.status} ${text.slice(0, 200)}`);
      if (scrapes++ === 0) failure = undefined;
    } catch (error) {
      failure = error;
      clearInterval(timer);
    }
  };
  const timer = setInterval(scrape, everyMs);
  return () => {
    clearInterval(timer);
    if (failure !== undefined) throw new Error('scraping failed', { cause: failure });
  };
}
