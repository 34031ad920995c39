/** Identifies the process that holds a lease in such a way that every other process can tell whether it still lives. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseStat, type ProcessStat } from '../contract/process-stat.ts';
import { systemCode } from '../contract/system-code.ts';

/**
 * A pid is meaningful within one boot of one kernel and one pid namespace. The start time tells apart processes that
 * had the same pid.
 */
interface Identity {
  readonly machine: string;
  readonly namespace: string;
  readonly pid: number;
  readonly startedAt: string;
}

let own: string | undefined;

/** Identifies this process for `isDead`. */
export function thisProcess(): string {
  own ??= [machine(), namespace(), process.pid, processState(process.pid)?.startedAt ?? ''].join(' ');
  return own;
}

/**
 * Tells whether a process is dead.
 *
 * @returns true only when that is certain: nothing is known about processes elsewhere.
 */
export function isDead(owner: string): boolean {
  const { machine: where, namespace: within, pid, startedAt } = parse(owner);
  const here = parse(thisProcess());
  if (where !== here.machine || within !== here.namespace || !Number.isInteger(pid) || pid < 1) return false;
  if (!exists(pid)) return true;
  const now = processState(pid);
  // A zombie has ended, and its parent has not collected it yet.
  return now !== undefined && (now.state === 'Z' || now.state === 'X' || now.startedAt !== startedAt);
}

/** Tells whether the process ran on this kernel since its last boot. Otherwise its clock is a different one. */
export function isOfThisBoot(owner: string): boolean {
  return parse(owner).machine === parse(thisProcess()).machine;
}

function parse(owner: string): Identity {
  const [where = '', within = '', pid, startedAt = ''] = owner.split(' ');
  return { machine: where, namespace: within, pid: Number(pid), startedAt };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

/** Reads the state of a process; undefined where there is no /proc. */
function processState(pid: number): ProcessStat | undefined {
  return parseStat(read(`/proc/${pid}/stat`));
}

/** Identifies one boot of one kernel. */
function machine(): string {
  return read('/proc/sys/kernel/random/boot_id').trim() || hostname();
}

function namespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
