import { readFile } from 'node:fs/promises';
import type { Dashboard, RecordedEvent, Status, Viewer } from '../control/controls.ts';
import { eventWithoutWords, withoutWords } from '../control/status/public-status.ts';
import { Audience } from './audience.ts';
import { partsOf } from './frame.ts';
import { Latency } from './latency.ts';

/** The time between two frames. */
const PERIOD_MS = 1000;

/** The time from an event to the frame that shows it. Several events may share that frame. */
const SOON_MS = 100;

/** A frame is followed by a rest that is so many times as long, in which none is made for a new viewer. */
const REST_PER_FRAME = 5;

/**
 * Each viewer has a connection that stays open. The limit applies to viewers with and without the token separately, so
 * the latter cannot keep the former out.
 */
const MOST_VIEWERS = 32;

export interface LiveSource {
  readonly status: () => Status;
  /** The durations of all requests of all workers so far: see scoreboard/durations.ts. */
  readonly durations: () => Float64Array;
  readonly history: {
    readonly recent: readonly RecordedEvent[];
    readonly listen: (listener: (event: RecordedEvent) => void) => () => void;
  };
}

/**
 * Feeds the viewers of the dashboard, all with the same data. It runs in the primary and does nothing while there are
 * no viewers. It owns its viewers and, while there are any, a timer and a listener for events. All of that ends when
 * the server has stopped.
 */
export class Live implements Dashboard {
  readonly #source: LiveSource;
  readonly #now: () => number;
  /** Viewers that may see what the application said about itself, and those that may not. */
  readonly #trusted = new Audience();
  readonly #public = new Audience();
  #latency = new Latency();
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;
  /** The time before which no frame is made for a new viewer. */
  #restsUntil = -Infinity;

  constructor(source: LiveSource, now: () => number = () => performance.now()) {
    this.#source = source;
    this.#now = now;
  }

  /**
   * Reads a file of the page, which the build puts beside this module. The file is read at each request and not kept in
   * memory.
   */
  file(name: string): Promise<string> {
    return readFile(new URL(`../dashboard/${name}`, import.meta.url), 'utf8');
  }

  isFull(isTrusted: boolean): boolean {
    return this.#audience(isTrusted).size >= MOST_VIEWERS;
  }

  watch(viewer: Viewer, isTrusted: boolean): void {
    if (this.isFull(isTrusted)) {
      viewer.end();
      return;
    }
    this.#start();
    const audience = this.#audience(isTrusted);
    const { recent } = this.#source.history;
    audience.add(viewer, { name: 'lifecycleEvents', data: isTrusted ? recent : recent.map(eventWithoutWords) });
    viewer.on('close', () => {
      audience.remove(viewer);
      if (this.#viewers === 0) this.#stop();
    });
    this.#showNewcomer();
  }

  #audience(isTrusted: boolean): Audience {
    return isTrusted ? this.#trusted : this.#public;
  }

  get #viewers(): number {
    return this.#trusted.size + this.#public.size;
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    // Earlier requests do not belong to the last second.
    this.#latency = new Latency();
    this.#timer = setInterval(() => this.#show(), PERIOD_MS).unref();
    this.#stopListening = this.#source.history.listen((event) => this.#tell(event));
  }

  #stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#stopListening?.();
    this.#timer = this.#soon = this.#stopListening = undefined;
  }

  #tell(event: RecordedEvent): void {
    this.#trusted.tell('event', () => event);
    this.#public.tell('event', () => eventWithoutWords(event));
    this.#soon ??= setTimeout(() => this.#show(), SOON_MS).unref();
    if (event.name !== 'stopped') return;
    this.#show();
    this.#stop();
    this.#trusted.end();
    this.#public.end();
  }

  /** Viewers may come and go as often as they like, and a frame costs the time of the primary. */
  #showNewcomer(): void {
    const rest = this.#restsUntil - this.#now();
    if (rest <= 0) this.#show();
    else this.#soon ??= setTimeout(() => this.#show(), rest).unref();
  }

  /** Sends a frame. The figures are the same for all viewers and are encoded once. */
  #show(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const at = this.#now();
    const status = this.#source.status();
    const { server, slots, figures } = partsOf(status, at, this.#latency.read(at, this.#source.durations()));
    const text = JSON.stringify(figures);
    this.#trusted.show({ server, slots }, text);
    if (this.#public.size > 0) {
      const open = partsOf(withoutWords(status), at, figures);
      this.#public.show({ server: open.server, slots: open.slots }, text);
    }
    const end = this.#now();
    this.#restsUntil = end + Math.max(SOON_MS, REST_PER_FRAME * (end - at));
  }
}
