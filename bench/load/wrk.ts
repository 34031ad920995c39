import { fileURLToPath } from 'node:url';
import { execFile } from 'node:child_process';
import { which } from '../command.ts';
import type { LoadGenerator, LoadResult } from './load.ts';

const script = fileURLToPath(new URL('wrk.lua', import.meta.url));

export const wrk: LoadGenerator = {
  name: 'wrk',
  /** `wrk --version` prints it, and its usage, and fails. */
  version() {
    const { promise, resolve } = Promise.withResolvers<string>();
    execFile('wrk', ['--version'], (_error, stdout, stderr) =>
      resolve(/^wrk (\S+)/m.exec(stdout + stderr)?.[1] ?? 'unknown'),
    );
    return promise;
  },
  command: ({ url, connections, threads, seconds, timeout, headers, bodyFile }) => [
    which('wrk') ?? 'wrk',
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    '--latency',
    ...Object.entries({ '-d': seconds, '-c': connections, '--timeout': timeout, '-t': threads, '-s': script })
      .flat()
      .map(String),
    url,
    ...(bodyFile === undefined ? [] : ['--', bodyFile]),
  ],
  parse(output) {
    const json = /^BENCH (\{.*\})$/m.exec(output)?.[1];
    if (json === undefined) throw new Error(`wrk did not finish:\n${output}`);
    return JSON.parse(json) as LoadResult;
  },
};
