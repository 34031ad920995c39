import { HANDLE_PREFIX, type HandleReader } from './channel.ts';
import { channelOf, type ChannelHandle } from './node-channel.ts';
import type { ReceivedHandle } from './received-handle.ts';

const NEWLINE = 10;
const PREFIX = Buffer.from(HANDLE_PREFIX);

/**
 * Takes the handles of our messages out of this process's channel before Node sees them, which would keep them for a message of its
 * own. Node reads everything else, and tells our messages too. It tells all messages of one read before it reads again, so that handles
 * are taken in the order in which they came.
 *
 * The object owns each handle until it is taken.
 */
export class HandlesPastNode implements HandleReader {
  readonly #handles: ReceivedHandle[] = [];

  private constructor(channel: ChannelHandle) {
    const { onread } = channel;
    channel.onread = (bytes) => {
      const handle = channel.pendingHandle ?? undefined;
      if (handle !== undefined && bytes !== undefined && hasOurHandle(bytes)) {
        channel.pendingHandle = null;
        this.#handles.push(handle);
      }
      onread.call(channel, bytes);
    };
  }

  /** @returns undefined where the channel is not of Node's making, or where handles are passed in another way. */
  static of(end: object): HandlesPastNode | undefined {
    const channel = process.platform === 'win32' ? undefined : channelOf(end);
    return channel && new HandlesPastNode(channel);
  }

  /** Undefined when the handle got lost. */
  take(): ReceivedHandle | undefined {
    return this.#handles.shift();
  }
}

/** A read has at most one handle, which belongs to a line that begins in it. The last line may be cut. */
function hasOurHandle(bytes: ArrayBuffer): boolean {
  const chunk = Buffer.from(bytes);
  const at = chunk.lastIndexOf(PREFIX);
  return at === 0 || (at > 0 && chunk[at - 1] === NEWLINE);
}
