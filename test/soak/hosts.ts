/**
 * Lets everything happen to three hosts behind HAProxy and nginx, again and again, and fails when anything is lost that may
 * not be. It needs root, HAProxy, nginx, Redis and Ansible. npm test does each act once.
 *
 *     node out/test/soak/hosts.js [--rounds 3] [--only 'stop and a start']
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { acts, type Act } from '../hosts/acts.ts';
import { checked } from '../hosts/checked.ts';
import { deployments, goodDeployment } from '../hosts/deployments.ts';
import { Lab } from '../hosts/lab/lab.ts';
import { noLab } from '../hosts/lab/missing.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string', default: '' } },
});
const missing = await noLab('ansible-playbook');
assert.equal(missing, false);

const chosen = [...acts, ...deployments, goodDeployment].filter(({ name }) => name.includes(values.only));
assert.ok(chosen.length > 0, `no act has "${values.only}" in its name`);

console.log('| What happens | Times | Answered | Lost | Orders acknowledged | uncertain | refused | s |');
console.log('| --- | --: | --: | --: | --: | --: | --: | --: |');
for (const act of chosen) console.log(await row(act, Number(values.rounds)));

/** Each act has a lab of its own. */
async function row(act: Act, rounds: number): Promise<string> {
  await using lab = await Lab.start();
  const since = performance.now();
  const sums = { answered: 0, lost: 0, acknowledged: 0, uncertain: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const { orders, ...seen } = await checked(lab, act).catch((error: unknown) => {
      console.error(lab.report);
      throw error;
    });
    for (const [name, count] of Object.entries({ ...seen, ...orders })) {
      if (name in sums) sums[name as keyof typeof sums] += Number(count);
    }
  }
  const seconds = Math.round((performance.now() - since) / 1000);
  return `| ${[act.name, rounds, ...Object.values(sums), seconds].join(' | ')} |`;
}
