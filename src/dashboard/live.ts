import { readFile } from 'node:fs/promises';
import type { Dashboard, RecordedEvent, Status, Viewer } from '../control/controls.ts';
import { happenedWithoutWords, withoutWords } from '../control/status/public-status.ts';
import { Audience } from './audience.ts';
import { partsOf } from './frame.ts';
import { Latency } from './latency.ts';

/** Between two frames, ms. */
const PERIOD = 1000;

/** From something that happens to a frame that shows it, ms: much may happen at once. */
const SOON = 100;

/** Each has a connection that stays open. As many of those without the token cannot keep those with it out. */
const MOST_VIEWERS = 32;

export interface LiveSource {
  readonly status: () => Status;
  /** Of all requests of all workers so far: see scoreboard/durations.ts. */
  readonly durations: () => Float64Array;
  readonly history: {
    readonly recent: readonly RecordedEvent[];
    readonly listen: (listener: (happened: RecordedEvent) => void) => () => void;
  };
}

/**
 * Feeds those who look at the dashboard, all with the same. Runs in the primary, and does nothing while nobody looks. Owns
 * its viewers and, while there are any, a timer and an ear on what happens; ends all of it when the server has stopped.
 */
export class Live implements Dashboard {
  readonly #source: LiveSource;
  /** Those who may see what the application said of itself, and those who may not. */
  readonly #trusted = new Audience();
  readonly #public = new Audience();
  #latency = new Latency();
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;

  constructor(source: LiveSource) {
    this.#source = source;
  }

  /** Beside this module, where the build puts it: read from disk whenever it is asked for, and kept by nobody. */
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
    audience.add(viewer, { name: 'lifecycleEvents', data: isTrusted ? recent : recent.map(happenedWithoutWords) });
    viewer.on('close', () => {
      audience.remove(viewer);
      if (this.#viewers === 0) this.#stop();
    });
    this.#show();
  }

  #audience(isTrusted: boolean): Audience {
    return isTrusted ? this.#trusted : this.#public;
  }

  get #viewers(): number {
    return this.#trusted.size + this.#public.size;
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    // What was counted before is not of the last second.
    this.#latency = new Latency();
    this.#timer = setInterval(() => this.#show(), PERIOD).unref();
    this.#stopListening = this.#source.history.listen((happened) => this.#tell(happened));
  }

  #stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#stopListening?.();
    this.#timer = this.#soon = this.#stopListening = undefined;
  }

  #tell(happened: RecordedEvent): void {
    this.#trusted.tell('event', () => happened);
    this.#public.tell('event', () => happenedWithoutWords(happened));
    this.#soon ??= setTimeout(() => this.#show(), SOON).unref();
    if (happened.name !== 'stopped') return;
    this.#show();
    this.#stop();
    this.#trusted.end();
    this.#public.end();
  }

  /** The figures are everybody's, and encoded once. */
  #show(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const at = performance.now();
    const status = this.#source.status();
    const { server, slots, figures } = partsOf(status, at, this.#latency.read(at, this.#source.durations()));
    const text = JSON.stringify(figures);
    this.#trusted.show({ server, slots }, text);
    if (this.#public.size === 0) return;
    const open = partsOf(withoutWords(status), at, figures);
    this.#public.show({ server: open.server, slots: open.slots }, text);
  }
}
