import { ChildProcess } from 'node:child_process';
import { Server } from 'node:net';
import { listeningHandleOf, showsHandle, withHandle } from '../node-internals/index.ts';
import { SlotHandle } from './slot-handle.ts';

type Send = (message: unknown, handle?: unknown, ...rest: unknown[]) => boolean;

/** A process at the other end of a channel: a child of the application's, or `process` for the parent. */
interface Channelled {
  send?: Send;
}

/**
 * Lets the application send its servers to its own children (`child.send('server', server)`, as Node documents it). Node hands
 * the server's handle to the kernel, and takes it for one of its own. A stand-in would end the process by SIGSEGV there. So the
 * child is sent the slot's socket, and accepts from the same queue. Where there is no socket, sending is an error.
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

/** @throws TypeError `ERR_INVALID_HANDLE_TYPE`, as Node does for what cannot be sent. */
function real(sent: unknown): unknown {
  // A handle that cannot be looked at may be a stand-in, which Node would take for one of its own.
  if (sent instanceof Server && !showsHandle(sent)) throw noSocket('this Node.js does not show the handle of a server');
  const handle = sent instanceof Server ? listeningHandleOf(sent) : sent;
  if (handle instanceof SlotHandle) {
    const socket = handle.lend();
    if (socket === undefined) throw noSocket('the server accepts no more in this worker');
    return sent === handle ? socket : withHandle(sent as Server, socket);
  }
  if (sent instanceof Server && isStandIn(handle)) throw noSocket('what this worker listens on is not its own');
  return sent;
}

/** Knows the other stand-ins by their lack of an id: node:cluster's in `round-robin`, and those of servers that accept no more. */
function isStandIn(handle: unknown): boolean {
  return typeof handle === 'object' && handle !== null && !('getAsyncId' in handle);
}

function noSocket(why: string): TypeError {
  return Object.assign(new TypeError(`${why}, so there is no socket to send`), { code: 'ERR_INVALID_HANDLE_TYPE' });
}
