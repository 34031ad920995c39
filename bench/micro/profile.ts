/**
 * What a worker does for a request, beside node:cluster's, by V8's profiler: `npm run build && node bench/micro/profile.ts`. Both serve the
 * same hello to the same connections. Printed is which part of a worker's busy time is spent in prefork's own code, and in what else.
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { paths } from '../paths.ts';

const SECONDS = 10;
const WARM_UP_SECONDS = 2;
const CONNECTIONS = 64;
const SHOWN = 8;

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
}
interface Profile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const commands: Readonly<Record<string, readonly string[]>> = {
  prefork: [paths.prefork, '--workers', '1', '--name', 'profile', paths.app('hello')],
  'node:cluster': [paths.launcher('cluster.mjs'), '1', 'round-robin', paths.app('hello')],
};

let port = 23_400;
for (const [name, argv] of Object.entries(commands)) {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-profile-'));
  try {
    const profiles = join(directory, 'profiles');
    const environment = {
      ...process.env,
      PORT: String(++port),
      NODE_ENV: 'production',
      PREFORK_RUNTIME_DIR: directory,
      NODE_OPTIONS: `--cpu-prof --cpu-prof-interval 300 --cpu-prof-dir=${profiles}`,
    };
    const server = spawn(process.execPath, argv, { env: environment, stdio: 'ignore' });
    try {
      await sleep(WARM_UP_SECONDS * 1000);
      const flags = ['-t', '1', '-c', String(CONNECTIONS), '-d', String(SECONDS), `http://127.0.0.1:${port}/`];
      const { stdout } = await promisify(execFile)('wrk', flags);
      console.log(`${name}: ${/Requests\/sec:\s+(\S+)/.exec(stdout)?.[1] ?? '?'} requests/s while it is profiled`);
    } finally {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
    }
    // The worker ends with its primary, or a moment later.
    await sleep(500);
    report(readdirSync(profiles).map((file) => JSON.parse(readFileSync(join(profiles, file), 'utf8')) as Profile));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Of the process that was busiest, which is the worker. */
function report(profiles: readonly Profile[]): void {
  const times = profiles.map(selfTimes);
  const total = (of: ReadonlyMap<string, number>): number => [...of.values()].reduce((sum, time) => sum + time, 0);
  const worker = times.reduce((a, b) => (total(b) > total(a) ? b : a));
  const busy = total(worker);
  const share = (time: number): string => `${((100 * time) / busy).toFixed(2)} %`;
  const own = [...worker].filter(([where]) => where.includes(paths.dist)).reduce((sum, [, time]) => sum + time, 0);
  console.log(`  ${share(own)} in prefork's own code`);
  for (const [where, time] of [...worker].toSorted((a, b) => b[1] - a[1]).slice(0, SHOWN)) {
    console.log(`  ${share(time)} ${where.replace(`file://${paths.dist}`, 'dist/')}`);
  }
}

/** Microseconds by function, without what was idle. */
function selfTimes({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const names = new Map(
    nodes.map(({ id, callFrame }) => [id, `${callFrame.functionName || '(no name)'} ${callFrame.url}`]),
  );
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id)!;
    if (!name.startsWith('(idle)')) times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return times;
}
