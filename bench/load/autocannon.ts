import { packageVersion } from '../command.ts';
import { paths } from '../paths.ts';
import type { LoadGenerator } from './load.ts';

interface AutocannonResult {
  duration: number;
  requests: { total: number };
  latency: Record<string, number>;
  errors: number;
  timeouts: number;
  non2xx: number;
}

/**
 * Where there is no wrk. It is Node itself and needs several times wrk's CPU, which on shared cores it takes from the server.
 * With `Connection: close` it writes one more request on each connection before it sees the end, and does not count it.
 * (`--reconnectRate 1`, which is meant for this, counts no answer at all.)
 */
export const autocannon: LoadGenerator = {
  name: 'autocannon',
  version: async () => packageVersion(paths.installed('autocannon/package.json')),
  command: ({ url, connections, threads, seconds, timeout, headers, method, bodyFile }) => [
    paths.installed('node/bin/node'),
    paths.installed('autocannon/autocannon.js'),
    '--json',
    `--method=${method}`,
    `--connections=${connections}`,
    `--duration=${seconds}`,
    `--timeout=${timeout}`,
    `--workers=${Math.min(threads, connections)}`,
    ...Object.entries(headers).flatMap(([name, value]) => ['--headers', `${name}=${value}`]),
    ...(bodyFile === undefined ? [] : ['--input', bodyFile]),
    url,
  ],
  parse(output) {
    const json = output.split('\n').findLast((line) => line.startsWith('{'));
    if (json === undefined) throw new Error(`autocannon did not finish:\n${output}`);
    const { duration, requests, latency, errors, timeouts, non2xx } = JSON.parse(json) as AutocannonResult;
    // It does not say 95 and 99.5: they are left out, not guessed.
    const at = (name: string): number => latency[name] ?? NaN;
    return {
      requests: requests.total,
      seconds: duration,
      bytes: undefined,
      latency: {
        50: at('p50'),
        75: at('p75'),
        90: at('p90'),
        99: at('p99'),
        99.9: at('p99_9'),
        99.99: at('p99_99'),
        max: at('max'),
      },
      errors: { connect: errors - timeouts, read: 0, write: 0, status: non2xx, timeout: timeouts },
    };
  },
};
