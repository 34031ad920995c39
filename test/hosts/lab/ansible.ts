import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { testDirectory } from '../../support/abandoned.ts';
import { command, example } from '../../support/paths.ts';
import { filesOf, type Fault } from './application.ts';
import type { Lab } from './lab.ts';
import { run, type Ran } from './shell.ts';

/** Ansible believes that this is ssh. The last two arguments are a host, which is the pid of its first process, and a command. */
const INSTEAD_OF_SSH = `#!/bin/sh
while [ $# -gt 2 ]; do shift; done
exec nsenter --target "$1" --net --pid --mount --uts --ipc sh -c "$2"
`;

/** Rolls a release over the hosts of a lab, by the playbook that users are given. */
export async function deploy(lab: Lab, version: string, fault?: Fault): Promise<Ran> {
  const directory = testDirectory('ansible');
  try {
    const ssh = join(directory, 'ssh');
    writeFileSync(ssh, INSTEAD_OF_SSH);
    chmodSync(ssh, 0o755);
    const hosts = lab.applications.map(({ host: { name, pid } }) => `${name} ansible_host=${pid}`);
    writeFileSync(
      join(directory, 'inventory.ini'),
      ['[shop]', ...hosts, '', '[shop:vars]', ...variables(ssh)].join('\n'),
    );
    const build = join(directory, 'build');
    mkdirSync(build);
    for (const [name, text] of Object.entries(filesOf(version, fault))) writeFileSync(join(build, name), text);
    const own = { prefork_version: version, prefork_source: `${build}/`, ...preforkVariables };
    const args = ['-i', join(directory, 'inventory.ini'), example('ansible/deploy.yml'), '-e', JSON.stringify(own)];
    return await run('ansible-playbook', args, { PATH: process.env['PATH'], HOME: directory, LANG: 'C.UTF-8' });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function variables(ssh: string): string[] {
  return [
    `ansible_ssh_executable=${ssh}`,
    'ansible_ssh_transfer_method=piped',
    'ansible_ssh_pipelining=true',
    'ansible_remote_tmp=/run/ansible',
    'ansible_python_interpreter=/usr/bin/python3',
  ];
}

/** A watch in the lab is short, and its traffic may be too little to tell. */
const preforkVariables = {
  prefork_command: `${process.execPath} ${command}`,
  prefork_watch: '3s',
  prefork_on_doubt: 'continue',
  prefork_pause_seconds: 1,
};
