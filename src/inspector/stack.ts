import type { Debugger } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { inTime } from './error.ts';
import { openInspector, type InspectorOptions } from './open.ts';
import type { Session } from './session.ts';

/** One call, the innermost first. Line and column count from 1; `file` is a path, or as Node names its own modules. */
export interface Frame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where the JavaScript of a process is, empty when it waits in its event loop; or why that is not known. */
export type Stack = { readonly frames: readonly Frame[] } | { readonly frames: undefined; readonly reason: string };

export interface StackOptions {
  /** ms; default 2000. */
  readonly timeout?: number;
  /** See `InspectorOptions`. */
  readonly kill?: InspectorOptions['kill'];
}

/** The name of the one line that is evaluated there, by which its frame is told from the application's. */
const OWN_SCRIPT = 'prefork:stack';

/**
 * Says where another process's JavaScript is, also when it never comes back to its event loop: in an endless loop, a
 * regular expression that does not end, or a wait. Not in native code, such as `execSync`, which nothing can interrupt.
 *
 * The process goes on afterwards. Its inspector is closed as soon as it comes back to its event loop; until then it
 * listens on the loopback, and can be asked again.
 *
 * @returns never rejects; takes `timeout`, and about a second to take leave of a process that hangs.
 */
export async function captureStack(pid: number, { timeout = 2000, kill }: StackOptions = {}): Promise<Stack> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeout);
  try {
    const session = await openInspector(pid, { signal: deadline.signal, ...(kill && { kill }) });
    try {
      return { frames: await sampleStack(session, deadline.signal) };
    } finally {
      await session.close();
    }
  } catch (error) {
    return { frames: undefined, reason: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}

/** `spin (/srv/app/server.js:3:18)`, as Node prints a frame. */
export function formatFrame({ function: name, file, line, column }: Frame): string {
  return `${name} (${file}:${line}:${column})`;
}

/**
 * Pauses the process for a moment, and says where.
 *
 * @throws InspectorError when it ran no JavaScript before `signal` was aborted.
 */
export async function sampleStack(session: Session, signal: AbortSignal): Promise<Frame[]> {
  const urls = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ scriptId, url }) => urls.set(String(scriptId), String(url)));
  const paused = session.next('Debugger.paused');
  const asked = Promise.all([
    session.call('Debugger.enable'),
    session.call('Debugger.pause'),
    // A pause comes with the next statement: in a process that idles, or waits, there would be none.
    session.call('Runtime.evaluate', { expression: `0 //# sourceURL=${OWN_SCRIPT}` }),
  ]);
  // The last answer comes after the pause; what comes before it is a refusal, or the end of the process.
  const first = Promise.race([paused, asked.then(() => paused)]);
  try {
    const event = await inTime(first, signal, 'it ran no JavaScript in time: it is busy in native code');
    const { callFrames } = event as unknown as Debugger.PausedEventDataType;
    return callFrames.map((frame) => toFrame(frame, urls)).filter(({ file }) => file !== OWN_SCRIPT);
  } finally {
    // Also without a pause: it may still come, and whoever is paused serves nobody.
    for (const end of ['Debugger.resume', 'Debugger.disable']) session.call(end).catch(() => {});
  }
}

function toFrame({ functionName, location }: Debugger.CallFrame, urls: ReadonlyMap<string, string>): Frame {
  const url = urls.get(location.scriptId) ?? '';
  return {
    function: functionName === '' ? '(anonymous)' : functionName,
    file: url.startsWith('file:') ? fileURLToPath(url) : url === '' ? '(unknown)' : url,
    line: location.lineNumber + 1,
    column: (location.columnNumber ?? 0) + 1,
  };
}
