import type { PrimaryMessage, WorkerMessage } from '../../../../src/ipc/messages.ts';
import type { NativeClient, NativeHandle } from '../../../../src/listeners/native.ts';
import type { Link } from '../../../../src/worker/link.ts';
import { SlotHandle, type Steering } from '../../../../src/worker/listening/slot-handle.ts';

export interface Sent {
  readonly message: WorkerMessage;
  readonly handle: unknown;
  readonly written: ((error: Error | null) => void) | undefined;
}

/** The worker's end of a channel whose other end is the test. */
export class FakeLink {
  readonly sent: Sent[] = [];
  isOpen = true;
  readonly #handlers = new Map<string, (message: PrimaryMessage, handle: unknown) => void>();

  readonly on: Link['on'] = (type, handler) => void this.#handlers.set(type, handler as never);

  readonly send: Link['send'] = (message, handle, written) => {
    if (this.isOpen) this.sent.push({ message, handle, written });
    return this.isOpen;
  };

  readonly sendPast: Link['sendPast'] = (message, handle) => this.send(message, handle);
  readonly sendBehind: Link['sendBehind'] = (message) => this.send(message);

  readonly sendSoon: Link['sendSoon'] = (message, written) => this.send(message, undefined, written);

  /** Delivers a message as if the primary had sent it. @throws when no part listens to its type. */
  hear(message: PrimaryMessage, handle?: unknown): void {
    this.#handlers.get(message.type)!(message, handle);
  }

  get messages(): WorkerMessage[] {
    return this.sent.map(({ message }) => message);
  }
}

export class FakeClient implements NativeClient {
  isClosed = false;
  isBlocking = false;
  readonly address: string | undefined;

  constructor(address?: string) {
    this.address = address;
  }

  setBlocking(isBlocking: boolean): number {
    this.isBlocking = isBlocking;
    return 0;
  }

  getpeername(out: { address?: string }): number {
    if (this.address === undefined) return -1;
    out.address = this.address;
    return 0;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A listening handle over no socket, and the connections that it has served. */
export function slotHandle(listener: number, steering?: Steering): { handle: SlotHandle; served: unknown[] } {
  const served: unknown[] = [];
  const socket = { onconnection: null, listen: () => 0, close: () => undefined } as unknown as NativeHandle;
  const ignore = (): void => undefined;
  const events = { listening: ignore, opened: ignore, parked: ignore, closed: ignore, returned: ignore };
  const handle = new SlotHandle({ listener, slot: 0 }, socket, events, { steering });
  handle.onconnection = (_status, client) => void served.push(client);
  return { handle, served };
}
