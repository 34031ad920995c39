import assert from 'node:assert/strict';
import type { Act } from './acts.ts';
import { deploy } from './lab/ansible.ts';
import type { Lab } from './lab/lab.ts';

/** Deployments of all hosts by Ansible. */
export const deployments: readonly Act[] = [
  {
    name: 'Ansible stops at the first host where a release is bad',
    happen: async (lab) => {
      const { code, stdout } = await deploy(lab, '3.0.0', { fault: 'health' });
      assert.notEqual(code, 0, stdout);
      assert.match(stdout, /3\.0\.0 is not good on a/);
      assert.deepEqual(await releases(lab), ['1.0.0 1.0.0', '1.0.0 1.0.0', '1.0.0 1.0.0']);
      const touched = lab.applications.filter(({ host }) => host.list('/srv/shop/releases').includes('3.0.0'));
      assert.deepEqual(
        touched.map(({ host }) => host.name),
        ['a'],
        'the other hosts were not touched',
      );
    },
  },
  {
    name: 'Ansible takes a release back from all hosts when it is bad on the second',
    happen: async (lab) => {
      const { code, stdout } = await deploy(lab, '4.0.0', { fault: 'health', on: 'b' });
      assert.notEqual(code, 0, stdout);
      assert.match(stdout, /4\.0\.0 is not good on b/);
      assert.deepEqual(await releases(lab), ['1.0.0 1.0.0', '1.0.0 1.0.0', '1.0.0 1.0.0']);
    },
  },
];

/** The playbook where all is well. The second of the deployments has its steps, too, so that this is for soaks. */
export const goodDeployment: Act = {
  name: 'Ansible rolls a good release over all hosts',
  happen: async (lab) => {
    const { code, stdout, stderr } = await deploy(lab, '5.0.0');
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(await releases(lab), ['5.0.0 5.0.0', '5.0.0 5.0.0', '5.0.0 5.0.0']);
  },
};

/** Returns for each host the release that serves, and the one to which the link leads. */
function releases({ applications }: Lab): Promise<string[]> {
  return Promise.all(applications.map(async (app) => `${await app.version()} ${app.linked()}`));
}
