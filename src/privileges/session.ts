/**
 * A terminal in which root has a shell, and a server of another user's in it: with the terminal as its controlling one, a
 * process can type into that shell (TIOCSTI, ioctl_tty(2)), and with a descriptor of it, read what root types there. So the
 * command goes on in a session of its own, without the terminal, and this process stays between the two.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { TerminalText } from './terminal-text.ts';

/** In the environment of the process in the session of its own. */
const VARIABLE = 'PREFORK_SESSION';

/** The descriptor there, below which are stdio, by which it knows that this process lives. */
const LIFELINE_FD = 3;

const STDIO = [0, 1, 2];

/** What was printed at the end comes within milliseconds; a process that a worker has left behind may hold the pipes for ever, ms. */
const LAST_OUTPUT_MS = 1000;

/** What the primary has a meaning for. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU'];

/** Whether this process has a controlling terminal: only then can /dev/tty be opened (tty(4)). */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** With a descriptor of a terminal, also one that is not this process's controlling one, a worker could read what is typed there. */
function isAtTerminal(): boolean {
  return hasTerminal() || STDIO.some((fd) => isatty(fd));
}

let isBehindTerminal = false;

/** Whether another process stands between this one and root's terminal. */
export function isInSession(): boolean {
  return isBehindTerminal;
}

/**
 * In the terminal: runs this command again in a session of its own, passes on what is signalled and printed, and exits as that
 * one does, so that this never returns. In the session: arranges that it stops when the process in the terminal is gone. Without a
 * terminal: nothing.
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
    // When all that it and its workers have printed is here, too.
    child.on('close', endAs);
    child.on('exit', (code, signal) => setTimeout(endAs, LAST_OUTPUT_MS, code, signal));
  });
}

/** A file gets what was written. */
function passOutput(from: Readable, to: NodeJS.WriteStream): void {
  if (!to.isTTY) {
    from.pipe(to);
    return;
  }
  const text = new TerminalText();
  // Written before this returns (tty(4)), so that nothing is left to write when the server has ended.
  from.on('data', (chunk: Buffer) => to.write(text.write(chunk)));
  from.on('end', () => to.write(text.end()));
}

function endAs(code: number | null, signal: NodeJS.Signals | null): void {
  if (signal === null) process.exit(code ?? 1);
  for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
  process.kill(process.pid, signal);
}

/** The kernel's word for a terminal that was closed is the daemons' for a reload (signal(7)). */
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

/** What the terminal shows, the process in the session cannot see. FORCE_COLOR is what Node and its packages read. */
function colors(): NodeJS.ProcessEnv {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const has = process.stderr.isTTY && process.stderr.hasColors() && NO_COLOR === undefined && FORCE_COLOR === undefined;
  return has ? { FORCE_COLOR: '1' } : {};
}
