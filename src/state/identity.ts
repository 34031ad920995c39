/** Which process holds a lease, told so that every other can see whether that one still lives. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A pid means something within one boot of one kernel and one pid namespace; the start tells its bearers apart. */
interface Identity {
  readonly machine: string;
  readonly namespace: string;
  readonly pid: number;
  readonly startedAt: string;
}

let own: string | undefined;

/** This process, as others know it by `isDead`. */
export function thisProcess(): string {
  own ??= [machine(), namespace(), process.pid, processState(process.pid)?.startedAt ?? ''].join(' ');
  return own;
}

/** @returns true only for one that certainly is: of processes elsewhere nothing is known. */
export function isDead(owner: string): boolean {
  const { machine: where, namespace: within, pid, startedAt } = parse(owner);
  const here = parse(thisProcess());
  if (where !== here.machine || within !== here.namespace || !Number.isInteger(pid) || pid < 1) return false;
  if (!exists(pid)) return true;
  const now = processState(pid);
  // A zombie has ended; its parent has not looked yet.
  return now !== undefined && (now.letter === 'Z' || now.letter === 'X' || now.startedAt !== startedAt);
}

/** Whether the process is of this kernel, since it was started: else its clock is another one. */
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
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** proc(5); undefined where there is none. */
function processState(pid: number): { readonly letter: string; readonly startedAt: string } | undefined {
  const text = read(`/proc/${pid}/stat`);
  // After the command's name, which is in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' ? undefined : { letter: fields[0]!, startedAt: fields[19]! };
}

/** One boot of one kernel. */
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
