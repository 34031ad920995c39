import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { PreforkError } from '../../errors.ts';
import { complain, print } from '../print.ts';
import type { Feed } from './feed.ts';
import { advance, noHistory, type History } from './history.ts';

export interface LinesOptions {
  readonly feed: Feed;
  /** The time between two frames in ms. */
  readonly interval: number;
  readonly render: (history: History) => string;
  readonly output: Writable;
}

/**
 * Prints one frame after another, for output that is not a terminal. The function ends silently when the reader closes
 * the pipe, as other programs in a pipe do.
 *
 * @throws PreforkError `ERR_NOT_RUNNING` when the server is gone.
 */
export async function printFrames({ feed, interval, render, output }: LinesOptions): Promise<void> {
  const unread = new AbortController();
  output.on('error', () => unread.abort());
  const { signal } = unread;
  let history = noHistory;
  try {
    for (;;) {
      history = await lookAgain(feed, history);
      if (!print(render(history), output)) await once(output, 'drain', { signal });
      await delay(interval, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
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
