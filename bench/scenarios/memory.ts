import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { peakMemory, readMemory } from '../accounts.ts';
import type { Bench, Staged } from '../scenario.ts';
import { KEEP_ALIVE, keepAlive } from './throughput.ts';
import { generate, loadRequest, WARM_UP_SECONDS } from './timed.ts';

const SAMPLE_EVERY_MS = 100;

/** What all of it takes, on the very server that is timed next: its load is the warm-up of that. */
export const memory: Staged = {
  name: 'memory',
  title: 'Memory of the whole tree',
  what: 'PSS of all processes of a hello server, idle, and the peak in the first second of 64 keep-alive connections, sampled every 100 ms. Not timed.',
  columns: [
    { key: 'idle', title: 'idle MB', better: 'lower', digits: 0, ratio: true },
    { key: 'peak', title: 'peak MB', better: 'lower', digits: 0, ratio: true },
    { key: 'processes', title: 'processes', better: 'lower', digits: 0 },
    { key: 'supervisor', title: 'supervisor RSS / idle node', better: 'lower', digits: 2 },
  ],
  stage: 'hello',
  among: KEEP_ALIVE,
  skips: async () => undefined,
  // The second is keep-alive's warm-up, and counted there.
  seconds: ({ quick }) => (quick ? WARM_UP_SECONDS : 0),
  async measure(server, bench) {
    const idle = readMemory(server.pids);
    const { port, directory } = server.setting;
    const request = loadRequest(keepAlive.timed, WARM_UP_SECONDS, port, directory);
    const load = generate(bench, request);
    const peak = await peakMemory(server.pids, load, SAMPLE_EVERY_MS);
    server.warmedBy.add(keepAlive.name);
    return {
      figures: {
        idle: idle.pss,
        peak: peak.pss,
        processes: idle.processes,
        ...(idle.processes > 1 && server.system.apps.includes('whoami')
          ? { supervisor: idle.supervisorRss / (await idleNode(bench)) }
          : {}),
      },
      commands: [server.commandLine, (await load).commandLine],
    };
  },
};

let idleNodeSize: Promise<number> | undefined;

/** Resident size, MB, of a Node that has loaded node:cluster and does nothing: what a supervisor's is held to. Once a run. */
const idleNode = (bench: Bench): Promise<number> => (idleNodeSize ??= measureIdleNode(bench));

async function measureIdleNode({ workplace }: Bench): Promise<number> {
  const source = 'import("node:cluster").then(() => { setInterval(() => {}, 1e9); process.stdout.write("ready"); })';
  const node = spawn(workplace.node, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(node.stdout, 'data');
  await sleep(300);
  const { supervisorRss } = readMemory([node.pid!]);
  node.kill('SIGKILL');
  await once(node, 'exit');
  return supervisorRss;
}
