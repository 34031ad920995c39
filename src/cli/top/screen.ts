import type { ReadStream, WriteStream } from 'node:tty';
import type { Room } from './frame.ts';
import { shownLine } from '../print.ts';
import { repaint } from './repaint.ts';

const ESC = '\u001B';

/** Switches to the alternate screen, hides the cursor and turns off line wrapping. `LEAVE` undoes all three. */
const ENTER = `${ESC}[?1049h${ESC}[?25l${ESC}[?7l${ESC}[2J`;
const LEAVE = `${ESC}[?7h${ESC}[?25h${ESC}[?1049l`;

/** The size of a terminal that does not tell its size. */
const USUAL: Room = { columns: 80, rows: 24 };

const ends = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface ScreenEvents {
  readonly typed: (text: string) => void;
  /** The screen was cleared or resized, so the lines have to be shown again. */
  readonly stale: () => void;
  /** The terminal is gone. */
  readonly lost: () => void;
}

/**
 * The terminal while it belongs to us. The screen owns the terminal's modes, the listeners on it and those on signals.
 * Closing it restores the terminal, and so does every end of this process that the process can notice.
 */
export class Screen implements Disposable {
  readonly #output: WriteStream;
  /** Undefined when there is no keyboard. */
  readonly #input: ReadStream | undefined;
  readonly #events: ScreenEvents;
  #shown: readonly string[] = [];
  #isOurs = false;

  constructor(output: WriteStream, input: ReadStream, events: ScreenEvents) {
    this.#output = output;
    this.#input = input.isTTY ? input : undefined;
    this.#events = events;
    output.on('resize', this.#stale).on('error', events.lost);
    this.#input?.setEncoding('utf8').on('data', this.#typed).on('error', events.lost);
    for (const signal of ends) process.on(signal, this.#end);
    process.on('SIGTSTP', this.#stop).on('SIGCONT', this.#continue).on('exit', this.#leave);
    // The words about an error that was not caught would go with the alternate screen.
    process.on('uncaughtExceptionMonitor', this.#leave);
    this.#enter();
  }

  get room(): Room {
    const { columns, rows } = this.#output;
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL;
  }

  /**
   * Shows the lines. Only changes are sent, and none while earlier output is still on its way, because the line may be
   * slow.
   */
  show(given: readonly string[]): void {
    if (!this.#isOurs || this.#output.writableLength > 0) return;
    const lines = given.map(shownLine);
    const text = repaint(this.#shown, lines);
    this.#shown = lines;
    if (text !== '') this.#output.write(text);
  }

  /**
   * Stops the whole foreground process group, as the terminal would on Ctrl-Z. In raw mode the terminal leaves that to
   * us.
   */
  suspend(): void {
    process.kill(0, 'SIGTSTP');
  }

  /** Restores the terminal. A second call does nothing. */
  [Symbol.dispose](): void {
    this.#leave();
    this.#output.off('resize', this.#stale);
    this.#input?.off('data', this.#typed).pause();
    for (const signal of ends) process.off(signal, this.#end);
    process.off('SIGTSTP', this.#stop).off('SIGCONT', this.#continue).off('exit', this.#leave);
    process.off('uncaughtExceptionMonitor', this.#leave);
  }

  #enter(): void {
    this.#isOurs = true;
    this.#shown = [];
    this.#input?.setRawMode(true).resume();
    this.#output.write(ENTER);
  }

  readonly #leave = (): void => {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    this.#output.write(LEAVE);
    this.#input?.setRawMode(false);
  };

  readonly #typed = (text: string): void => this.#events.typed(text);

  readonly #stale = (): void => {
    this.#shown = [];
    if (this.#isOurs) this.#output.write(`${ESC}[2J`);
    this.#events.stale();
  };

  /** Ends this process by the same signal, so that the process which waits for it sees the real cause. */
  readonly #end = (signal: NodeJS.Signals): void => {
    this[Symbol.dispose]();
    process.kill(process.pid, signal);
  };

  readonly #stop = (): void => {
    this.#leave();
    process.kill(process.pid, 'SIGSTOP');
  };

  /** This also runs after a SIGSTOP, which gives no notice: the shell has had the terminal meanwhile. */
  readonly #continue = (): void => {
    this.#enter();
    this.#events.stale();
  };
}
