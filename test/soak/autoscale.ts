/**
 * Loads a server with `--workers <min>..<max>`. No connection may close. npm test leaves this out.
 *
 * `steps` goes from one tenth of a worker's worth to 1 to 8 workers' worth, and measures how soon there are more workers
 * and what the connections that were there see of it. With --down it waits until there are fewer again, which takes seven
 * minutes. `memory` and `quota` do so in a cgroup of their own, with a limit of memory or of CPU time: as root, where there is
 * cgroup v1. With --read-as v2 the server reads the limit of memory as cgroup v2 would tell it.
 *
 *     node out/test/soak/autoscale.js [steps] [--how waiting|computing] [--worth 1,2,4,8] [--seconds 45] [--down]
 *     node out/test/soak/autoscale.js memory [--mb 700] [--read-as v1|v2] [--seconds 60]
 *     node out/test/soak/autoscale.js quota [--cores 0.5] [--seconds 40]
 */
import { parseArgs } from 'node:util';
import { withLittleMemory } from './autoscale/memory.ts';
import { withLittleTime } from './autoscale/quota.ts';
import { step } from './autoscale/steps.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    how: { type: 'string', default: 'waiting' },
    worth: { type: 'string', default: '2,4,8' },
    seconds: { type: 'string', default: '45' },
    down: { type: 'boolean', default: false },
    mb: { type: 'string', default: '700' },
    'read-as': { type: 'string', default: 'v1' },
    cores: { type: 'string', default: '0.5' },
  },
});
const seconds = Number(values.seconds);
const acts: Readonly<Record<string, () => Promise<boolean>>> = {
  steps: async () => {
    let isGood = true;
    for (const worth of values.worth.split(',').map(Number)) {
      isGood = (await step({ worth, how: values.how, seconds, isDown: values.down })) && isGood;
    }
    return isGood;
  },
  memory: () => withLittleMemory({ mb: Number(values.mb), isReadAsV2: values['read-as'] === 'v2', seconds }),
  quota: () => withLittleTime({ cores: Number(values.cores), seconds }),
};
const act = acts[positionals[0] ?? 'steps'];
if (act === undefined) throw new Error(`expected ${Object.keys(acts).join(', ')}`);
console.log(`node ${process.version}`);
process.exitCode = (await act()) ? 0 : 1;
