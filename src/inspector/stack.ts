import { inTime } from './error.ts';
import { framesOf, OWN_SCRIPT, type Frame } from './frames.ts';
import type { Session } from './session.ts';

/** The number of scripts whose names are remembered. An application has some thousands. */
const MOST_SCRIPTS = 100_000;

/** The length of such a name in characters. Generated code can have its whole text in it. */
const LONGEST_URL = 4096;

/** The length of all names together, in characters: those of an application's scripts have a hundred each. */
const LONGEST_URLS = 33_554_432;

/**
 * Pauses the process for a moment and returns its stack.
 *
 * @throws InspectorError when it ran no JavaScript before `signal` aborted.
 */
export async function sampleStack(session: Session, signal: AbortSignal): Promise<Frame[]> {
  const urls = new Map<string, string>();
  let length = 0;
  session.on('Debugger.scriptParsed', ({ scriptId, url }) => {
    if (urls.size >= MOST_SCRIPTS || length >= LONGEST_URLS) return;
    const [id, name] = [copied(scriptId), copied(url)];
    length += id.length + name.length;
    urls.set(id, name);
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

/** A slice would keep the whole text, which can have megabytes. */
function copied(value: unknown): string {
  const text = String(value);
  return text.length <= LONGEST_URL ? text : Buffer.from(text.slice(0, LONGEST_URL)).toString();
}
