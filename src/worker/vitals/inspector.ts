import type { Link } from '../link.ts';

/**
 * SIGUSR1 opens Node's inspector, on the same port in every process. There are several workers, so each gets a free port
 * instead, unless the user has chosen the inspector's port.
 */
export function inspectOnAnyPort(): void {
  if (!hasFlag(/--(?:inspect|debug-port)/)) process.debugPort = 0;
}

function hasFlag(pattern: RegExp): boolean {
  return [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some((flag) => pattern.test(flag));
}

/** A timer that is later than this shows that the worker stood still, as at a breakpoint, and has not read yet what came. */
const STOOD_STILL_MS = 100;

/** How long a worker that stood still may take to read all that came meanwhile, and until the hold is renewed. */
const READING_MS = 5000;

/**
 * Closes the inspector when no tool looks into this worker any more, where one of them has opened it. None does that by itself: another
 * may use what it has opened, or it may be killed, or have given up before the worker came back from native code and opened its inspector.
 * The port would then stay open, and every user of the machine can run code through it.
 */
export function closeInspectorAfterHolds(link: Pick<Link, 'on'>): void {
  // An inspector that a flag has opened is the user's.
  if (hasFlag(/--inspect(?:-brk|-wait)?(?![\w-])/)) return;
  let timer: NodeJS.Timeout | undefined;
  let isOpenedForTools = false;
  const closeIn = (ms: number): void => {
    const due = performance.now() + ms;
    timer = setTimeout(() => {
      if (performance.now() - due > STOOD_STILL_MS) closeIn(READING_MS);
      else {
        isOpenedForTools = false;
        closeInspector();
      }
    }, ms).unref();
  };
  link.on('held', ({ within, closesInspector }) => {
    clearTimeout(timer);
    isOpenedForTools ||= closesInspector;
    if (isOpenedForTools) closeIn(within);
  });
}

function closeInspector(): void {
  // The module takes 1 MB, so it is loaded when it is needed.
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector.url() !== undefined) inspector.close();
}
