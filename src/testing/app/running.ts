/** Ends servers together with this process. They would outlive a test that is stopped by Ctrl-C or a time limit. */

interface Killable {
  killAll(): void;
}

const running = new Set<Killable>();

/**
 * The signals that end a process unless it listens to them. The event `exit` comes only when a process ends by itself.
 */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function addRunning(one: Killable): void {
  if (running.size === 0) {
    process.on('exit', killRunning);
    for (const signal of signals) process.on(signal, passOn);
  }
  running.add(one);
}

export function removeRunning(one: Killable): void {
  running.delete(one);
  if (running.size > 0) return;
  process.off('exit', killRunning);
  for (const signal of signals) process.off(signal, passOn);
}

function killRunning(): void {
  for (const one of running) one.killAll();
}

/**
 * Kills the servers and ends this process. A listener keeps a signal from ending the process, so this function sends
 * the signal again where it is the only listener.
 */
function passOn(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killRunning();
  process.off(signal, passOn);
  process.kill(process.pid, signal);
}
