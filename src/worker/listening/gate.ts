import type { NativeHandle } from '../../listeners/native.ts';
import { KeepAlive } from './keep-alive.ts';

/**
 * Lets the application read from a UDP socket, or has it wait: what comes meanwhile stays in the kernel, for the worker that
 * reads. Owns the timer that keeps the process alive while it waits, as a socket that is read would.
 */
export class Gate {
  readonly #start: () => number;
  readonly #stop: () => number;
  #isOpen: boolean;
  /** Whether the application reads, as it believes. */
  #isWanted = false;
  #keepAlive: KeepAlive | undefined;

  constructor(handle: NativeHandle, isOpen: boolean) {
    this.#isOpen = isOpen;
    const { recvStart, recvStop } = handle as Required<NativeHandle>;
    this.#start = () => recvStart.call(handle);
    this.#stop = () => recvStop.call(handle);
    handle.recvStart = () => {
      this.#isWanted = true;
      return this.#isOpen ? this.#start() : this.#wait();
    };
    handle.recvStop = () => {
      this.#isWanted = false;
      this.#endWait();
      return this.#stop();
    };
  }

  /** @param isOpen whether it may be read from now on. */
  open(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    this.#endWait();
    if (!this.#isWanted) return;
    if (isOpen) this.#start();
    else {
      this.#stop();
      this.#wait();
    }
  }

  /** The socket is closed. */
  close(): void {
    this.#isWanted = false;
    this.#endWait();
  }

  #wait(): number {
    this.#keepAlive ??= new KeepAlive();
    return 0;
  }

  #endWait(): void {
    this.#keepAlive?.close();
    this.#keepAlive = undefined;
  }
}
