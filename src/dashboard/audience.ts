import type { Viewer } from '../control/controls.ts';
import type { Parts } from './frame.ts';

/** What one may have unsent, bytes: beyond the kernel's own buffers this is a viewer that does not read. */
const MOST_UNSENT = 262_144;

export interface Message {
  readonly name: string;
  readonly data: unknown;
}

/**
 * Those who are shown the same. Owns them until they go: whoever does not read is dropped, as nothing is kept for anybody.
 * What has not changed is not sent again, except to somebody new.
 */
export class Audience {
  readonly #viewers = new Set<Viewer>();
  readonly #newcomers = new Set<Viewer>();
  /** By name, as it was sent last. */
  readonly #sent = new Map<string, string>();

  get size(): number {
    return this.#viewers.size;
  }

  /** @param first what it is told before anything else. It sees nothing until `show`. */
  add(viewer: Viewer, first: Message): void {
    this.#viewers.add(viewer);
    this.#newcomers.add(viewer);
    // It is gone then, which `close` says.
    viewer.on('error', () => {});
    viewer.write(encode(first.name, JSON.stringify(first.data)));
  }

  remove(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    this.#newcomers.delete(viewer);
  }

  /** @param data made only when somebody is there. */
  tell(name: string, data: () => unknown): void {
    if (this.size > 0) this.#send(encode(name, JSON.stringify(data())));
  }

  /** @param figures as JSON. */
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
      if (viewer.writableLength > MOST_UNSENT) viewer.destroy();
      else viewer.write(this.#newcomers.has(viewer) ? toNewcomers || text : text);
    }
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html: JSON has no line breaks. */
function encode(name: string, json: string): string {
  return `event: ${name}\ndata: ${json}\n\n`;
}
