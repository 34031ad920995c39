/**
 * What node:http2 keeps to itself and a drain needs, feature-detected: where a Node has changed, the answer is `false`, and the
 * drain does without. test/unit/worker/node-internals.test.ts is the contract, run on each line of Node.
 */
import { writeSync } from 'node:fs';
import type { ServerHttp2Session } from 'node:http2';

/** A connection as libuv has it. */
interface StreamHandle {
  /** -1 on Windows, or when it is closed. */
  readonly fd?: number;
  /** Bytes that nghttp2 has written and the kernel has not taken yet. */
  readonly writeQueueSize?: number;
}

/** `later`: bytes wait to be sent. `never`: this connection has no way in. */
export type Written = 'done' | 'later' | 'never';

/**
 * Writes a frame to the connection of a session beside nghttp2, which knows nothing of it. nghttp2 gives whole frames to the
 * kernel, all that it has at a time; so as long as nothing of them waits, the frame stands between two of its own.
 *
 * The bytes go to the descriptor itself: a write of the socket's that the kernel does not take at once would tell nghttp2 of
 * its end, and Node aborts the process then (`is_write_in_progress()` in node_http2.cc, Node 20 to 26). Over TLS there is
 * no other way than that one, so over TLS there is none.
 */
export function writeBesideHttp2(session: ServerHttp2Session, frame: Uint8Array): Written {
  const handle = handleOf(session);
  const { fd, writeQueueSize } = handle ?? {};
  if (fd === undefined || fd < 0 || writeQueueSize === undefined || session.encrypted !== false) return 'never';
  if (writeQueueSize > 0) return 'later';
  try {
    if (writeSync(fd, frame) === frame.length) return 'done';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'later' : 'never';
  }
  // A frame cut short makes nonsense of all that follows. A kernel with room for a byte takes these few, as far as is known.
  session.destroy();
  return 'never';
}

/** Undefined where the session has none any more, or the application speaks HTTP/2 over a stream of its own. */
function handleOf(session: ServerHttp2Session): StreamHandle | undefined {
  // A proxy, which leaves the property to be read.
  const { socket } = session as { readonly socket?: { readonly _handle?: StreamHandle | null } };
  return socket?._handle ?? undefined;
}
