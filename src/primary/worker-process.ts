import type { ChildProcess } from 'node:child_process';
import { Channel, type SentHandle } from '../ipc/channel.ts';
import { decodeWorkerMessage, type PrimaryMessage, type WorkerMessage } from '../ipc/messages.ts';
import type { NativeClient } from '../listeners/native.ts';
import type { Exit, ExitFacts, WorkerId } from './events.ts';

/** What a worker says while it lives. */
export type LivingMessage = Exclude<WorkerMessage, { type: 'lastWords' }>;

/** What a worker's process tells its supervisor. `exited` comes exactly once, and nothing after it. */
export interface WorkerEvents {
  message(worker: WorkerId, message: LivingMessage, handle?: unknown): void;
  badMessage(worker: WorkerId, body: unknown): void;
  exited(worker: WorkerId, exit: ExitFacts): void;
}

/**
 * One worker's process. Owns the child and the channel to it; they are let go of when the process has ended, which is
 * the only way this ends.
 */
export class WorkerProcess {
  readonly id: WorkerId;
  readonly child: ChildProcess;
  /** Its row in the scoreboard. */
  readonly row: number;
  readonly #channel: Channel<PrimaryMessage>;
  #lastWords: ExitFacts['lastWords'];

  constructor(id: WorkerId, row: number, child: ChildProcess, events: WorkerEvents) {
    this.id = id;
    this.row = row;
    this.child = child;
    this.#channel = new Channel(child, (body, handle) => {
      const message = decodeWorkerMessage(body);
      // Nobody else has it any more, and its client would wait for ever.
      if (message?.type !== 'handoff') (handle as Partial<NativeClient> | undefined)?.close?.();
      if (message === undefined) events.badMessage(id, body);
      else if (message.type === 'lastWords') this.#lastWords = message;
      else events.message(id, message, handle);
    });
    child.on('message', (message) => {
      // The word of PM2, for programs that never listen; other messages are the application's own.
      if (message === 'ready') events.message(id, { type: 'ready' });
    });
    this.#observeEnd((exit) => events.exited(id, { ...exit, lastWords: this.#lastWords }));
  }

  /** Messages to a process that is gone are dropped: its exit is on the way. @returns false when it certainly did not leave. */
  send(message: PrimaryMessage, handle?: SentHandle): boolean {
    return this.#channel.send(message, handle);
  }

  /**
   * A child that could not be started emits 'error' alone, one that ran emits 'exit'; 'error' also tells of a failed
   * kill or send, which is not its end. Its last messages may still be in the channel when 'exit' comes, so the end is
   * told when the channel is closed too. Of that 'disconnect' tells, except when the child has not acknowledged a handle; then
   * only 'close' does.
   */
  #observeEnd(ended: (exit: Exit) => void): void {
    let exit: Exit | undefined;
    const { child } = this;
    const end = (how: Exit): void => {
      child.off('disconnect', settle).off('close', settle);
      this.#channel.close();
      ended(how);
    };
    const settle = (): void => {
      if (exit !== undefined && !child.connected) end(exit);
    };
    child.once('exit', (code, signal) => {
      exit ??= { code, signal };
      settle();
    });
    child.on('disconnect', settle).on('close', settle);
    child.on('error', (error) => {
      if (child.pid === undefined) end({ code: null, signal: null, error });
    });
  }
}
