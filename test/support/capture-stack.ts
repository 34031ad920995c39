import { formatFrame, type Frame } from '../../src/inspector/frames.ts';
import { openInspector, type InspectorOptions } from '../../src/inspector/open.ts';
import { sampleStack } from '../../src/inspector/stack.ts';

/**
 * The stack of a process's JavaScript, which is empty while the process waits in its event loop; or the reason why it
 * is not known.
 */
export type Stack = { readonly frames: readonly Frame[] } | { readonly frames: undefined; readonly reason: string };

interface StackOptions {
  /** The limit in ms; default 2000. */
  readonly timeout?: number;
  /** See `InspectorOptions`. */
  readonly kill?: InspectorOptions['kill'];
}

export { formatFrame };

/** Opens a process's inspector, samples its stack once, and closes the inspector again. The promise does not reject. */
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
