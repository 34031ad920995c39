import type { Viewer } from '../control/controls.ts';
import type { Parts } from './frame.ts';

/**
 * The bytes that a viewer may have unsent. Beyond the kernel's own buffers, this means that the viewer does not read.
 */
const MOST_UNSENT_BYTES = 262_144;

export interface Message {
  readonly name: string;
  readonly data: unknown;
}

/**
 * Viewers that are shown the same data. The audience owns them until they leave. A viewer that does not read is
 * dropped, because nothing is buffered for viewers. Data that has not changed is only sent to newcomers.
 */
export class Audience {
  readonly #viewers = new Set<Viewer>();
  readonly #newcomers = new Set<Viewer>();
  /** The last text sent, by its name. */
  readonly #sent = new Map<string, string>();

  get size(): number {
    return this.#viewers.size;
  }

  /**
   * Adds a viewer.
   *
   * @param first the first message. The viewer gets nothing more until `show`.
   */
  add(viewer: Viewer, first: Message): void {
    this.#viewers.add(viewer);
    this.#newcomers.add(viewer);
    // The viewer is gone then, and `close` reports that.
    viewer.on('error', () => {});
    viewer.write(encode(first.name, JSON.stringify(first.data)));
  }

  remove(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    this.#newcomers.delete(viewer);
  }

  /**
   * Sends a message to all viewers.
   *
   * @param data is only called when there are viewers.
   */
  tell(name: string, data: () => unknown): void {
    if (this.size > 0) this.#send(encode(name, JSON.stringify(data())));
  }

  /**
   * Sends the parts that changed, and the figures.
   *
   * @param figures the figures as JSON.
   */
  show(parts: Pick<Parts, 'server' | 'slots'>, figures: string): void {
    if (this.size === 0) return;
    const texts = Object.entries(parts).map(([name, part]) => [name, JSON.stringify(part)] as const);
    const all = texts.map(([name, text]) => encode(name, text)).join('');
    const changed = texts.filter(([name, text]) => this.#sent.get(name) !== text);
    for (const [name, text] of changed) this.#sent.set(name, text);
    const news = changed.map(([name, text]) => encode(name, text)).join('');
    const last = encode('figures', figures);
    this.#send(news + last, all + last);
    this.#newcomers.clear();
  }

  end(): void {
    for (const viewer of this.#viewers) viewer.end();
  }

  #send(text: string, toNewcomers = ''): void {
    for (const viewer of this.#viewers) {
      if (viewer.writableLength > MOST_UNSENT_BYTES) viewer.destroy();
      else viewer.write(this.#newcomers.has(viewer) ? toNewcomers || text : text);
    }
  }
}

/** Encodes an event as in https://html.spec.whatwg.org/multipage/server-sent-events.html. JSON has no line breaks. */
function encode(name: string, json: string): string {
  return `event: ${name}\ndata: ${json}\n\n`;
}
