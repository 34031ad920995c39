/** The machine, as far as it bears on the figures. */

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { run } from './command.ts';
import { paths } from './paths.ts';
import { ephemeralPorts } from './workplace.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly kernel: string;
  readonly virtual: boolean;
  /** Over the minute before the start: 0 on a machine that does nothing else. */
  readonly loadBefore: number;
  readonly settings: Readonly<Record<string, string>>;
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return 'unknown';
  }
};

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: /^PRETTY_NAME="(.*)"$/m.exec(read('/etc/os-release'))?.[1] ?? 'unknown',
    kernel: release(),
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(read('/proc/cpuinfo')),
    loadBefore: loadavg()[0] ?? NaN,
    settings: {
      somaxconn: read('/proc/sys/net/core/somaxconn'),
      'client ports': String(ephemeralPorts()),
      tcp_tw_reuse: read('/proc/sys/net/ipv4/tcp_tw_reuse'),
      tcp_migrate_req: read('/proc/sys/net/ipv4/tcp_migrate_req'),
      governor: read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    },
  };
}

export function machineLine({ cpu, cores, memoryGiB, system, kernel, virtual }: Machine): string {
  return `${cpu}${virtual ? ' (virtual)' : ''}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${memoryGiB} GiB, ${system}, Linux ${kernel}`;
}

export const settingsLine = ({ settings }: Machine): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** Of what is measured and of what measures; what was published of it is neither. */
export async function commit(): Promise<string> {
  const what = ['src', 'bench', ':!bench/baseline.json', ':!bench/pictures'];
  const git = (...args: string[]): Promise<string> => run(['git', '-C', `${paths.bench}..`, ...args, '--', ...what]);
  try {
    const hash = await git('log', '-1', '--format=%h');
    const changes = await git('status', '--porcelain');
    return changes === '' ? hash : `${hash} with changes`;
  } catch {
    return 'unknown';
  }
}
