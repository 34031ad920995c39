import type { Link } from '../link.ts';

/**
 * SIGUSR1 opens Node's inspector, on the same port in every process. There are several workers, so each gets a free port
 * instead, unless the user has chosen the inspector's port.
 */
export function inspectOnAnyPort(): void {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  if (!flags.some((flag) => /--(?:inspect|debug-port)/.test(flag))) process.debugPort = 0;
}

/**
 * Closes the inspector when no tool looks into this worker any more. A tool closes what it has opened by itself, unless
 * it was killed, or had given up before the worker came back from native code and opened its inspector. The port would
 * then stay open, and every user of the machine can run code through it.
 */
export function closeInspectorAfterHolds(link: Pick<Link, 'on'>): void {
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;
  // A worker that comes back from a breakpoint finds the timer due, and reads only then that the hold was renewed.
  const due = (): void => void (soon = setImmediate(closeInspector));
  link.on('held', ({ within, closesInspector }) => {
    clearTimeout(timer);
    clearImmediate(soon);
    if (closesInspector) timer = setTimeout(due, within).unref();
  });
}

function closeInspector(): void {
  // The module takes 1 MB, so it is loaded when it is needed.
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector.url() !== undefined) inspector.close();
}
