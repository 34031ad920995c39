import { pathToFileURL } from 'node:url';
import { run } from './command.ts';
import { paths } from './paths.ts';

const TRIALS = 50;

/**
 * How many iterations of work() take a millisecond: the fastest of many trials, for whatever else happened only made one
 * slower. In a process of its own, on the servers' Node.
 */
export async function calibrate(node: string): Promise<number> {
  const source = `
    import { work } from ${JSON.stringify(pathToFileURL(paths.app('work')).href)};
    const iterations = 2000;
    let best = Infinity;
    for (let i = 0; i < ${TRIALS}; i++) {
      const start = performance.now();
      work(1, iterations);
      best = Math.min(best, performance.now() - start);
    }
    process.stdout.write(String(Math.round(iterations / best)));`;
  return Number(await run([node, '--input-type=module', '--eval', source]));
}
