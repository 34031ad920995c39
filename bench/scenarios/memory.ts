import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { peakMemory, readMemory } from '../accounts.ts';
import { answersRightly } from '../right-answers.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { newSetting, Server } from '../server.ts';
import { keepAlive } from './throughput.ts';
import { generate, loadRequest, settled } from './timed.ts';

const SAMPLE_EVERY_MS = 100;
const SECONDS = 2;
const QUICK_SECONDS = 1;

const seconds = ({ quick, seconds: asked }: Pick<Bench, 'quick' | 'seconds'>): number =>
  asked ?? (quick ? QUICK_SECONDS : SECONDS);

export const memory: Scenario = {
  name: 'memory',
  title: 'Memory of the whole tree',
  what: 'PSS of all processes of a hello server, idle, and the peak under 64 keep-alive connections, sampled every 100 ms. Not timed.',
  columns: [
    { key: 'idle', title: 'idle MB', better: 'lower', digits: 0, ratio: true },
    { key: 'peak', title: 'peak MB', better: 'lower', digits: 0, ratio: true },
    { key: 'processes', title: 'processes', better: 'lower', digits: 0 },
    { key: 'supervisor', title: 'supervisor RSS / idle node', better: 'lower', digits: 2 },
  ],
  skips: async () => undefined,
  seconds,
  async measure(system, bench) {
    const setting = await newSetting(bench, 'hello', bench.placement.serverCores);
    await using server = await Server.start(system, setting, bench);
    await server.ready(() => answersRightly('hello', setting.port));
    await settled(server);
    const idle = readMemory(server.pids);
    const request = loadRequest(keepAlive.timed, seconds(bench), setting.port, setting.directory);
    const load = generate(bench, request);
    const peak = await peakMemory(server.pids, load, SAMPLE_EVERY_MS);
    return {
      figures: {
        idle: idle.pss,
        peak: peak.pss,
        processes: idle.processes,
        ...(idle.processes > 1 && system.apps.includes('whoami')
          ? { supervisor: idle.supervisorRss / (await idleNode(bench)) }
          : {}),
      },
      commands: [server.commandLine, (await load).commandLine],
    };
  },
};

/** Resident size, MB, of a Node that has loaded node:cluster and does nothing: what a supervisor's is held to. */
async function idleNode({ workplace }: Bench): Promise<number> {
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
