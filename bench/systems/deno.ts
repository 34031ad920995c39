import { run, which } from '../command.ts';
import { paths } from '../paths.ts';
import type { System } from '../system.ts';

export const deno: System = {
  name: 'deno',
  title: 'Deno, serve --parallel',
  how: 'threads, one reuseport socket each',
  apps: ['hello', 'timer', 'json', 'post'],
  unavailable: async () => (which('deno') === undefined ? 'deno is not on this machine' : undefined),
  version: async () => (await run(['deno', '--version'])).split(' ')[1] ?? 'unknown',
  command: ({ app, port, workers }) => ({
    argv: [
      which('deno')!,
      'serve',
      '--parallel',
      '--allow-env',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      paths.launcher('deno.mjs'),
    ],
    environment: { DENO_JOBS: String(workers), BENCH_APP: app },
  }),
  noReload: async () => 'has no reload',
  noKill: 'its workers are threads',
};
