import { Cgroup, NodeIn } from '../autoscale/cgroup.ts';
import { deploy, type Result } from './releases.ts';

const MB = 1024 * 1024;

export interface MemoryOptions {
  readonly seed: number;
  /** The watch, s. */
  readonly watch: number;
  /** Requests a second. A request of the release keeps 60 KB. */
  readonly rate: number;
  readonly mb: number;
  readonly isReadAsV2: boolean;
  readonly options: readonly string[];
}

/** What a release that leaks came to in a cgroup. */
export interface Leak extends Result {
  /** The most memory that the cgroup had, by the kernel's count, MB. */
  readonly peak: number;
  /** Processes that the OOM killer ended. */
  readonly kills: number;
}

/** Deploys a release that leaks to a server in a cgroup with so much memory. */
export async function leakIn({ seed, watch, rate, mb, isReadAsV2, options }: MemoryOptions): Promise<Leak> {
  const group = Cgroup.create('memory', { 'memory.limit_in_bytes': mb * MB });
  using node = new NodeIn(group, isReadAsV2 ? mb * MB : undefined);
  const result = await deploy({ seed, isGood: false, watch, rate, options, node: node.path, fault: 'leak' });
  const peak = Number(group.read('memory.max_usage_in_bytes')) / MB;
  const kills = group.count('memory.oom_control', 'oom_kill');
  group.remove();
  return { ...result, peak, kills };
}
