import { inTime, InspectorError } from './error.ts';
import { framesOf, STACK_EVALUATION, type Frame } from './frames.ts';
import type { Fields, Session } from './session.ts';

/**
 * Returns the stack of the process, which is not paused for it.
 *
 * @throws InspectorError when it ran no JavaScript before `signal` aborted.
 */
export async function sampleStack(session: Session, signal: AbortSignal): Promise<Frame[]> {
  const thrown = evaluate(session);
  const frames = framesOf(await inTime(thrown, signal, 'it ran no JavaScript in time: it is busy in native code'));
  if (frames === undefined) throw new InspectorError('its inspector told no stack');
  return frames;
}

/** Sends all commands at once: what the process reads together it does together, in this order. */
function evaluate(session: Session): Promise<Fields> {
  session.call('Runtime.enable').catch(() => {});
  const thrown = session.call('Runtime.evaluate', { ...STACK_EVALUATION });
  session.call('Runtime.disable').catch(() => {});
  return thrown;
}
