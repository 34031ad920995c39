/**
 * Separates the server from a terminal in which root has a shell. A process whose controlling terminal it is can type
 * into that shell (TIOCSTI, ioctl_tty(2)). A process with a descriptor of it can read what root types. So the command
 * continues in a session of its own, without the terminal, and this process stays between the two.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { TerminalText } from './terminal-text.ts';

/** The variable is set in the process that runs in a session of its own. */
const VARIABLE = 'PREFORK_SESSION';

/** The descriptor above stdio, by which the process in the session notices the end of this one. */
const LIFELINE_FD = 3;

const STDIO = [0, 1, 2];

/**
 * The last output arrives within milliseconds. This time limits the wait, because a process that a worker left behind
 * may hold the pipes for ever.
 */
const LAST_OUTPUT_MS = 1000;

/** The signals that have a meaning for the primary. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU'];

/** Tells whether this process has a controlling terminal, because only then can it open /dev/tty (tty(4)). */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Tells whether a terminal is involved. A worker could read what is typed there even by a descriptor of a terminal that
 * is not this process's controlling one.
 */
function isAtTerminal(): boolean {
  return hasTerminal() || STDIO.some((fd) => isatty(fd));
}

let isBehindTerminal = false;

/** Tells whether another process stands between this one and root's terminal. */
export function isInSession(): boolean {
  return isBehindTerminal;
}

/**
 * Leaves the terminal. A process in the terminal runs this command again in a session of its own, passes on signals and
 * output, and exits as that command does; the function then never returns. A process in the session arranges to stop
 * when the process in the terminal is gone. Without a terminal, the function does nothing.
 */
export async function leaveTerminal(): Promise<void> {
  if (process.env[VARIABLE] !== undefined) {
    delete process.env[VARIABLE];
    isBehindTerminal = true;
    return followLifeline();
  }
  if (!isAtTerminal()) return;
  await standBetween(
    spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...colors(), [VARIABLE]: '1' },
    }),
  );
}

function standBetween(child: ChildProcess): Promise<never> {
  passOutput(child.stdout!, process.stdout);
  passOutput(child.stderr!, process.stderr);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  for (const signal of FORWARDED) process.on(signal, () => child.kill(meant(signal)));
  return new Promise((_, reject) => {
    child.on('error', reject);
    // The event comes when the output of the process and its workers has arrived.
    child.on('close', endAs);
    child.on('exit', (code, signal) => setTimeout(endAs, LAST_OUTPUT_MS, code, signal));
  });
}

/** Passes the output on. A file gets it unfiltered. */
function passOutput(from: Readable, to: NodeJS.WriteStream): void {
  if (!to.isTTY) {
    from.pipe(to);
    return;
  }
  const text = new TerminalText();
  // A terminal is written synchronously (tty(4)), so that no output is left when the server has ended.
  from.on('data', (chunk: Buffer) => to.write(text.write(chunk)));
  from.on('end', () => to.write(text.end()));
}

function endAs(code: number | null, signal: NodeJS.Signals | null): void {
  if (signal === null) process.exit(code ?? 1);
  for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
  process.kill(process.pid, signal);
}

/**
 * Chooses the signal to pass on. The kernel sends SIGHUP when a terminal is closed, but to daemons SIGHUP means a
 * reload (signal(7)).
 */
function meant(signal: NodeJS.Signals): NodeJS.Signals {
  return signal === 'SIGHUP' && !hasTerminal() ? 'SIGTERM' : signal;
}

function followLifeline(): void {
  const lifeline = new Socket({ fd: LIFELINE_FD, readable: true, writable: false });
  lifeline.on('close', () => process.kill(process.pid, 'SIGTERM'));
  lifeline.on('error', () => {});
  lifeline.resume();
  lifeline.unref();
}

/**
 * Tells the process in the session about colours, which it cannot find out itself. Node and its packages read
 * FORCE_COLOR.
 */
function colors(): NodeJS.ProcessEnv {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const has = process.stderr.isTTY && process.stderr.hasColors() && NO_COLOR === undefined && FORCE_COLOR === undefined;
  return has ? { FORCE_COLOR: '1' } : {};
}
