/** Explains which program or error usually sends a worker a signal. */
import { constants } from 'node:os';
import type { Exit } from './exit.ts';
import { keysOf } from '../../contract/tables.ts';

/** An exit in which a signal is not disguised as an exit code. */
export interface PlainExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error | undefined;
}

const meanings: Partial<Record<NodeJS.Signals, string>> = {
  SIGABRT: 'process.abort(), or a fatal error of node or of a native addon: stderr has its words',
  SIGBUS: 'an error in a native addon, or a file that was cut while it was mapped',
  SIGFPE: 'an error in a native addon',
  SIGHUP: 'its terminal was closed',
  SIGILL: 'V8 stopped itself, or a native addon was built for another CPU',
  SIGKILL: 'sent from outside, perhaps by the kernel because the machine was short of memory: see dmesg',
  SIGSEGV: 'an error in a native addon, most often',
  SIGSYS: 'a system call that its seccomp filter forbids',
  SIGTRAP: 'V8 stopped itself: stderr has its words',
  SIGXCPU: 'its limit of CPU time (ulimit -t)',
  SIGXFSZ: 'its limit of file size (ulimit -f)',
};

export function signalMeaning(signal: NodeJS.Signals): string {
  return meanings[signal] ?? 'sent from outside';
}

/** Signals that people and programs send to end a process, and that its own errors do not cause. */
const outside: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGINT', 'SIGKILL', 'SIGQUIT', 'SIGTERM']);

export function isSentFromOutside(signal: NodeJS.Signals | null): boolean {
  return signal !== null && outside.has(signal);
}

/**
 * Turns the exit code 128 + n into signal n. A shell or container runtime between us and the worker reports signals
 * this way, and so does abort on Windows.
 */
export function normalizeExit({ code, signal, error }: Exit): PlainExit {
  if (code === null || code <= 128 || signal !== null) return { code, signal, error };
  const names = keysOf(constants.signals);
  const name = names.find((one) => constants.signals[one] === code - 128);
  return name === undefined ? { code, signal, error } : { code: null, signal: name, error };
}
