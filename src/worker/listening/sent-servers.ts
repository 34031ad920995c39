import { ChildProcess } from 'node:child_process';
import { Server } from 'node:net';
import { SlotHandle } from './slot-handle.ts';

type Send = (message: unknown, handle?: unknown, ...rest: unknown[]) => boolean;

/** A process at the other end of a channel: a child of the application's, or `process` for the one that made this one. */
interface Channelled {
  send?: Send;
}

/**
 * Lets the application send its servers to its own children (`child.send('server', server)`, as Node documents it). Node hands the
 * server's handle to the kernel, and takes it for one of its own: a stand-in there ends the process by SIGSEGV. So the child is
 * sent the slot's socket, and accepts from the same queue.
 */
export function sendRealHandles(): void {
  guard(process as Channelled);
  // eslint-disable-next-line typescript/unbound-method -- called with the child as `this`
  const { spawn } = ChildProcess.prototype as ChildProcess & { spawn(options: unknown): number };
  Object.assign(ChildProcess.prototype, {
    spawn(this: Channelled, options: unknown): number {
      const errno = Reflect.apply(spawn, this, [options]);
      guard(this);
      return errno;
    },
  });
}

function guard(end: Channelled): void {
  const { send } = end;
  if (send === undefined) return;
  end.send = (message, handle, ...rest) => send.call(end, message, real(handle), ...rest);
}

/** @throws Error `ERR_INVALID_HANDLE_TYPE`, as Node does for what cannot be sent. */
function real(handle: unknown): unknown {
  if (!(handle instanceof Server)) return handle;
  const standIn = (handle as unknown as { _handle: unknown })._handle;
  if (!(standIn instanceof SlotHandle)) return handle;
  const { socket } = standIn;
  if (socket === undefined) {
    const message = 'the server accepts no more in this worker, so there is no socket to send';
    throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_HANDLE_TYPE' });
  }
  return Object.create(handle, { _handle: { value: socket, writable: true } });
}
