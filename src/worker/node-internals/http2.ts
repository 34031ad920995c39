import { writeSync } from 'node:fs';
import type { ServerHttp2Session } from 'node:http2';
import { handleOf } from './connection-handle.ts';

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
  // A proxy of the socket, which leaves the handle to be read. None when the session is closed.
  const { socket } = session as { readonly socket?: ServerHttp2Session['socket'] };
  const { fd, writeQueueSize } = (socket && handleOf(socket)) ?? {};
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
