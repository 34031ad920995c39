import type { ChildProcess } from 'node:child_process';
import { Channel } from '../../ipc/channel.ts';
import { decodeHalfMessage, type HalfMessage, type ToHalf } from '../../ipc/half-messages.ts';
import { Intake, LONGEST_BACKLOG_BYTES } from '../../ipc/intake.ts';
import { channelOf } from '../../ipc/node-channel.ts';

export interface HalfEvents {
  said(message: HalfMessage): void;
  /** The process sent what our end of the channel never sends. */
  offended(what: string): void;
  /** Comes exactly once, and is the last event. */
  exited(code: number | null, signal: NodeJS.Signals | null): void;
}

/** A process of `--primary`. The object owns the child and its channel, which are released when it has ended. */
export class HalfProcess {
  readonly child: ChildProcess;
  readonly #channel: Channel<ToHalf>;
  #hasEnded = false;

  constructor(child: ChildProcess, events: HalfEvents) {
    this.child = child;
    const offend = (what: string): void => events.offended(what);
    const intake = Intake.of(child, { malformed: offend, unusable: offend }, { isClustered: false });
    this.#channel = new Channel(child, (body, handle) => {
      // No handle is awaited, and the intake passes on none but connections.
      (handle as { close?: () => void } | undefined)?.close?.();
      const message = decodeHalfMessage(body);
      if (message === undefined) events.offended('no message of ours');
      else events.said(message);
    });
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      intake?.close();
      this.#channel.close();
      events.exited(code, signal);
    };
    child.once('exit', end);
    child.on('error', () => {
      if (child.pid === undefined) end(null, null);
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @returns false when the message was dropped, because too much waits to be read, or the process is gone. */
  send(message: ToHalf): boolean {
    if ((channelOf(this.child)?.writeQueueSize ?? 0) > LONGEST_BACKLOG_BYTES) return false;
    return this.#channel.send(message);
  }
}
