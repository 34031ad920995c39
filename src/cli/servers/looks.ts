import { everyServer } from '../../control/client.ts';
import { readableStatus } from '../readable.ts';
import { noHistory, type Past } from '../top/history.ts';
import { sampleOf } from '../top/feed.ts';
import { liveFigures, pastOf, type WatchedServer } from './live-figures.ts';
import { keyOf, QUICK, survey } from './survey.ts';

/**
 * Looks at every server again and again, and keeps what each had done, from which the next look counts. A server that is gone is
 * forgotten.
 */
export class Looks {
  #before: ReadonlyMap<string, Past> = new Map();

  async look(): Promise<readonly WatchedServer[]> {
    const servers = await survey(
      await everyServer(),
      async (server, within) => {
        const sample = sampleOf(await readableStatus(server, within));
        return liveFigures(sample, this.#before.get(keyOf(server)) ?? noHistory);
      },
      { own: QUICK },
    );
    this.#before = pastOf(servers, this.#before);
    return servers;
  }
}
