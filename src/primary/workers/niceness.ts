/**
 * How much of the CPU a process gets beside others. A process may always be made nicer, and only with a right be made less nice again:
 * CAP_SYS_NICE, or RLIMIT_NICE (`LimitNICE=+0` of systemd, `--ulimit nice=20` of Docker).
 */
import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { parseStat } from '../../contract/process-stat.ts';
import { readIfThere, type ReadFile } from '../../options/machine/cgroup.ts';

/** A process is this much nicer for a while. With 5 it gets a quarter of a core for which one other process asks. */
export const NICER = 5;

/** CAP_SYS_NICE in the kernel's set of capabilities. */
const CAP_SYS_NICE = 1n << 23n;

/** RLIMIT_NICE counts from 1 for the nicest, which is 19, to 40. */
const NICE_OF_LIMIT_0 = 20;

/**
 * Makes a process nicer than this one with all its threads, or as nice as this one again, with all that it has started meanwhile.
 * Where the second could not be done, the first is not. What has been made nicer or less nice by others stays so.
 */
export function setNice(pid: number, isNice: boolean): void {
  const own = niceWithReturn();
  if (own === undefined) return;
  const [from, to] = isNice ? [own, own + NICER] : [own + NICER, own];
  for (const process of [pid, ...descendantsOf(pid)]) {
    for (const thread of threadsOf(process)) adjust(thread, from, to);
  }
}

/**
 * Returns how nice this process is; undefined where it may not bring another one back to that, or must not try: a filter of system calls,
 * as containers have, may end a process that asks for what is not allowed.
 */
export function niceWithReturn(read: ReadFile = readIfThere): number | undefined {
  const nice = parseStat(read('/proc/self/stat') ?? '')?.nice;
  const status = read('/proc/self/status') ?? '';
  if (nice === undefined || nice + NICER > constants.priority.PRIORITY_LOW || !/^Seccomp:\s*0$/m.test(status))
    return undefined;
  const effective = /^CapEff:\s*([\da-f]+)$/m.exec(status)?.[1];
  if (effective !== undefined && (BigInt(`0x${effective}`) & CAP_SYS_NICE) !== 0n) return nice;
  const limit = /^Max nice priority +(\d+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  return limit !== undefined && NICE_OF_LIMIT_0 - Number(limit) <= nice ? nice : undefined;
}

function adjust(thread: number, from: number, to: number): void {
  try {
    if (getPriority(thread) === from) setPriority(thread, to);
  } catch {
    // The thread has ended since.
  }
}

/** Linux has a priority for each thread. The first one, whose id is the pid, comes first: others are as nice as the one that made them. */
function threadsOf(pid: number): number[] {
  return [...new Set([pid, ...numbersIn(() => readdirSync(`/proc/${pid}/task`))])];
}

function descendantsOf(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) =>
    numbersIn(() => (readIfThere(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ')),
  );
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function numbersIn(list: () => readonly string[]): number[] {
  try {
    return list().filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
