import { writeSync } from 'node:fs';
import type { ServerHttp2Session } from 'node:http2';
import { handleOf } from './connection-handle.ts';
import { systemCode } from '../../contract/system-code.ts';

/** `later`: bytes wait to be sent. `never`: this connection has no way in. */
export type Written = 'done' | 'later' | 'never';

/**
 * Writes a frame to the connection of a session beside nghttp2, which knows nothing of it. nghttp2 gives whole frames to the
 * kernel, all that it has at a time. So as long as none of its bytes wait, the frame stands between two of its own.
 *
 * The bytes go to the descriptor itself. A write of the socket's that the kernel does not take at once would tell nghttp2 of
 * its end, and Node aborts the process then (`is_write_in_progress()` in node_http2.cc, Node 20 to 26). Over TLS the socket's
 * write is the only way, so a frame cannot be written there.
 */
export function writeBesideHttp2(session: ServerHttp2Session, frame: Uint8Array): Written {
  // Node gives a proxy of the socket, from which the handle can be read. A closed session has none.
  const { socket } = session as { readonly socket?: ServerHttp2Session['socket'] };
  const { fd, writeQueueSize } = (socket && handleOf(socket)) ?? {};
  if (fd === undefined || fd < 0 || writeQueueSize === undefined || session.encrypted !== false) return 'never';
  if (writeQueueSize > 0) return 'later';
  try {
    if (writeSync(fd, frame) === frame.length) return 'done';
  } catch (error) {
    return systemCode(error) === 'EAGAIN' ? 'later' : 'never';
  }
  // A frame cut short makes nonsense of all that follows. No kernel is known that has room for a byte and not for these few.
  session.destroy();
  return 'never';
}
