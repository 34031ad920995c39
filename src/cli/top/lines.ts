import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { PreforkError } from '../../errors.ts';
import { complain, print } from '../print.ts';
import type { Feed } from './feed.ts';
import { advance, noHistory, type History } from './history.ts';

export interface LinesOptions {
  /** The text of the next frame. */
  readonly next: () => Promise<string>;
  /** The time between two frames in ms. */
  readonly interval: number;
  readonly output: Writable;
}

/**
 * Prints one frame after another, for output that is not a terminal. The function ends silently when the reader closes
 * the pipe, as other programs in a pipe do.
 *
 * @throws what `next` throws.
 */
export async function printFrames({ next, interval, output }: LinesOptions): Promise<void> {
  const unread = new AbortController();
  output.on('error', () => unread.abort());
  const { signal } = unread;
  try {
    for (;;) {
      if (!print(await next(), output)) await once(output, 'drain', { signal });
      await delay(interval, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/**
 * Returns the frames of one server.
 *
 * @throws PreforkError `ERR_NOT_RUNNING` when the server is gone.
 */
export function framesOf(feed: Feed, render: (history: History) => string): () => Promise<string> {
  let history = noHistory;
  return async () => {
    history = await lookAgain(feed, history);
    return render(history);
  };
}

/** Takes a sample. A server that did not answer may answer the next time, so the history stays as it is. */
async function lookAgain(feed: Feed, history: History): Promise<History> {
  try {
    return advance(history, await feed.look());
  } catch (error) {
    if (!(error instanceof PreforkError) || error.code !== 'ERR_NO_ANSWER') throw error;
    complain(error.message);
    return history;
  }
}
