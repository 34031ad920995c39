/** How long a listen takes in a worker: a round trip to the primary that Node alone does not make. */

import { answersRightly } from '../right-answers.ts';
import { paths } from '../paths.ts';
import type { Bench } from '../scenario.ts';
import { newSetting, Server } from '../server.ts';
import { quantile } from '../statistics.ts';
import type { System } from '../system.ts';
import { OURS } from '../systems/index.ts';
import { until } from '../wait.ts';
import type { MicroResult } from './micro.ts';

/** @param systems the first is what the others are held to. */
export async function listenPath(systems: readonly System[], bench: Bench): Promise<MicroResult[]> {
  const results: MicroResult[] = [];
  for (const system of systems) {
    const setting = { ...(await newSetting(bench, 'compute', 1)), entry: paths.app('relisten') };
    await using server = await Server.start(system, setting, bench);
    await server.ready(() => answersRightly('compute', setting.port));
    const nanoseconds = (): number[] =>
      [...server.log().matchAll(/^listen (\S+)$/gm)].map(([, time]) => Number(time) * 1000);
    await until(() => nanoseconds().length > 0, 5000, 'its times');
    const times = nanoseconds();
    results.push({
      name: `listen: ${system.title}`,
      ns: quantile(times, 0.5),
      p25: quantile(times, 0.25),
      p75: quantile(times, 0.75),
      ...(results[0] === undefined ? {} : { bare: results[0].name, ours: system.name === OURS }),
    });
  }
  return results;
}
