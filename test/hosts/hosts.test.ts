/** Three hosts behind HAProxy and nginx, with Redis, under load, while what happens to hosts happens. */
import { after, before, test } from 'node:test';
import { acts } from './acts.ts';
import { checked } from './checked.ts';
import { deployments } from './deployments.ts';
import { Lab } from './lab/lab.ts';
import { noLab } from './lab/missing.ts';

const skip = await noLab();
const noAnsible = await noLab('ansible-playbook');
let lab: Lab | undefined;

before(async () => {
  if (skip === false) lab = await Lab.start();
});
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

for (const act of [...acts, ...deployments]) {
  test(act.name, { skip: deployments.includes(act) ? noAnsible : skip }, async (context) => {
    try {
      context.diagnostic(JSON.stringify(await checked(lab!, act)));
    } catch (error) {
      context.diagnostic(lab!.report);
      throw error;
    }
  });
}
