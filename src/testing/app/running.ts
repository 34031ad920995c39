/** What has to end with this process: servers would outlive a test that is stopped by Ctrl-C or a time limit. */

interface Killable {
  killAll(): void;
}

const running = new Set<Killable>();

/** Those that end a process unless it listens to them; `exit` comes only when it ends by itself. */
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

/** To listen to a signal keeps it from ending the process. Where nobody else listens, that is made up for. */
function passOn(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killRunning();
  process.off(signal, passOn);
  process.kill(process.pid, signal);
}
