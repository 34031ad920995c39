import { readFile, readlink } from 'node:fs/promises';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { InspectorError } from './error.ts';

/** The facts of proc(5) that matter here. */
export interface ProcessStatus {
  /** The state: `R`, `S`, `D`, `T` (stopped), `Z` (zombie) and so on. */
  readonly state: string;
  /** The signals that the process handles: bit n - 1 is signal n. */
  readonly caught: bigint;
  /** The effective user id. */
  readonly uid: number;
  /** The pid of its parent. */
  readonly parent: number;
  /** Resident memory in bytes; 0 for a zombie. */
  readonly rss: number;
  /** The name of the executable, without its directory. */
  readonly program: string;
}

/**
 * Reads the facts of a process.
 *
 * @throws InspectorError where there is no such process, or it may not be examined.
 */
export async function readStatus(pid: number): Promise<ProcessStatus> {
  const directory = `/proc/${pid}`;
  try {
    const status = await readFile(`${directory}/status`, 'utf8');
    const program = await readlink(`${directory}/exe`);
    return {
      state: /^State:\s+(\w)/m.exec(status)?.[1] ?? '?',
      caught: BigInt(`0x${/^SigCgt:\s+([0-9a-f]+)/m.exec(status)?.[1] ?? 0}`),
      uid: Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]),
      parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]),
      rss: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024,
      program: basename(program),
    };
  } catch (error) {
    throw refused(pid, error as NodeJS.ErrnoException);
  }
}

function refused(pid: number, error: NodeJS.ErrnoException): InspectorError {
  const words =
    error.code === 'EACCES' || error.code === 'EPERM'
      ? `process ${pid} belongs to another user: only that user, and root with CAP_SYS_PTRACE, may look into it`
      : `there is no process ${pid}`;
  return new InspectorError(words, { cause: error });
}

/**
 * Tells whether SIGUSR1 opens an inspector in the process. To any other program than Node the signal means something
 * else, and a process without a handler is ended by it.
 *
 * @returns the reason why it does not, or undefined.
 */
export function whyNotSignalled({ state, caught, program }: ProcessStatus): string | undefined {
  // A zombie or a stopped process has handlers but runs none of them.
  if (state === 'Z' || state === 'X') return 'it has ended';
  if (state === 'T' || state === 't') return 'it is stopped (SIGSTOP, or a debugger)';
  if (!isNode(program)) return `${program} is not Node`;
  if ((caught & (1n << BigInt(constants.signals.SIGUSR1 - 1))) === 0n)
    return 'SIGUSR1, which opens the inspector, would end it';
  return undefined;
}

/**
 * Recognises the executable of this process, under any name, and a Node of another version. Linux marks an executable
 * that was replaced meanwhile.
 */
function isNode(program: string): boolean {
  const name = program.replace(/ \(deleted\)$/, '');
  return /^node([.-]?\d|js)?/.test(name) || name === basename(process.execPath);
}
