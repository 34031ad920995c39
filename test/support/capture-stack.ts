import { formatFrame, type Frame } from '../../src/inspector/frames.ts';
import { openInspector, type InspectorOptions } from '../../src/inspector/open.ts';
import { sampleStack } from '../../src/inspector/stack.ts';

/** Where the JavaScript of a process is, empty when it waits in its event loop; or why that is not known. */
export type Stack = { readonly frames: readonly Frame[] } | { readonly frames: undefined; readonly reason: string };

interface StackOptions {
  /** ms; default 2000. */
  readonly timeout?: number;
  /** See `InspectorOptions`. */
  readonly kill?: InspectorOptions['kill'];
}

export { formatFrame };

/** Opens a process's inspector, samples its stack once, and closes it again. Never rejects. */
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
