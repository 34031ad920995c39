import type { ReadStream, WriteStream } from 'node:tty';
import type { Room } from './frame.ts';
import { shownLine } from '../print.ts';
import { repaint } from './repaint.ts';

const ESC = '\u001B';

/** The other screen, no cursor, no wrapping of lines that are too long; and back. */
const ENTER = `${ESC}[?1049h${ESC}[?25l${ESC}[?7l${ESC}[2J`;
const LEAVE = `${ESC}[?7h${ESC}[?25h${ESC}[?1049l`;

/** Where a terminal does not say. */
const USUAL: Room = { columns: 80, rows: 24 };

const ends = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface ScreenEvents {
  readonly typed: (text: string) => void;
  /** What was shown is gone, or has another size now: show it again. */
  readonly stale: () => void;
  /** The terminal is gone. */
  readonly lost: () => void;
}

/**
 * The terminal while it is ours. Owns its modes, the listeners on it and on signals; closing it gives the terminal back as
 * it was, and so does every end of this process that it can hear of.
 */
export class Screen implements Disposable {
  readonly #output: WriteStream;
  /** Undefined where nobody can type. */
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
    this.#enter();
  }

  get room(): Room {
    const { columns, rows } = this.#output;
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL;
  }

  /** Only what has changed is sent, and nothing while the last is still on its way: a line may be slow. */
  show(given: readonly string[]): void {
    if (!this.#isOurs || this.#output.writableLength > 0) return;
    const lines = given.map(shownLine);
    const text = repaint(this.#shown, lines);
    this.#shown = lines;
    if (text !== '') this.#output.write(text);
  }

  /** As the terminal does on Ctrl-Z, which it does not while every key comes to us: to all that run in its foreground. */
  suspend(): void {
    process.kill(0, 'SIGTSTP');
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    this.#leave();
    this.#output.off('resize', this.#stale);
    this.#input?.off('data', this.#typed).pause();
    for (const signal of ends) process.off(signal, this.#end);
    process.off('SIGTSTP', this.#stop).off('SIGCONT', this.#continue).off('exit', this.#leave);
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

  /** What it does to a program that does not listen to it, so that whoever waits for this one sees which it was. */
  readonly #end = (signal: NodeJS.Signals): void => {
    this[Symbol.dispose]();
    process.kill(process.pid, signal);
  };

  readonly #stop = (): void => {
    this.#leave();
    process.kill(process.pid, 'SIGSTOP');
  };

  /** Also after a SIGSTOP, of which nothing is heard: the shell has had the terminal meanwhile. */
  readonly #continue = (): void => {
    this.#enter();
    this.#events.stale();
  };
}
