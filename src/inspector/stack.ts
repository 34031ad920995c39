import { inTime } from './error.ts';
import { framesOf, OWN_SCRIPT, type Frame } from './frames.ts';
import type { Session } from './session.ts';

/** The number of scripts whose names are remembered. An application has some thousands. */
const MOST_SCRIPTS = 100_000;

/** The length of such a name in characters. Generated code can have its whole text in it. */
const LONGEST_URL = 4096;

/**
 * Pauses the process for a moment and returns its stack.
 *
 * @throws InspectorError when it ran no JavaScript before `signal` aborted.
 */
export async function sampleStack(session: Session, signal: AbortSignal): Promise<Frame[]> {
  const urls = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ scriptId, url }) => {
    if (urls.size < MOST_SCRIPTS) urls.set(String(scriptId), String(url).slice(0, LONGEST_URL));
  });
  const paused = session.next('Debugger.paused');
  const asked = Promise.all([
    session.call('Debugger.enable'),
    session.call('Debugger.pause'),
    // A pause happens at the next statement. A process that idles or waits would run none without this one.
    session.call('Runtime.evaluate', { expression: `0 //# sourceURL=${OWN_SCRIPT}` }),
  ]);
  // The last answer comes after the pause. Anything before it is a refusal, or the end of the process.
  const first = Promise.race([paused, asked.then(() => paused)]);
  try {
    const { callFrames } = await inTime(first, signal, 'it ran no JavaScript in time: it is busy in native code');
    return framesOf(callFrames, urls);
  } finally {
    // This also runs without a pause, because one may still come, and a paused process serves no requests.
    for (const end of ['Debugger.resume', 'Debugger.disable']) session.call(end).catch(() => {});
  }
}
