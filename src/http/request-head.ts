import { latin1 } from './bytes.ts';
import { FieldSection } from './field-section.ts';
import type { HeadReader } from './head-reader.ts';
import { splitTarget, type Target } from './target.ts';

/**
 * The head of a request: at first the places of its parts in bytes that another read will overwrite, and text only of
 * what is asked for. A request that is not answered at once has its head kept as one string.
 */
export class RequestHead {
  readonly method: string;
  readonly minor: number;
  #reader: HeadReader | undefined;
  #section: FieldSection | undefined;
  #url: string | undefined;
  #target: Target | undefined;

  constructor(reader: HeadReader) {
    this.#reader = reader;
    this.method = reader.method;
    this.minor = reader.minor;
  }

  /** The request-target as it was sent. */
  get url(): string {
    if (this.#url !== undefined) return this.#url;
    const reader = this.#reader!;
    return (this.#url = latin1(reader.bytes, reader.base + reader.targetStart, reader.base + reader.targetEnd));
  }

  get target(): Target {
    return (this.#target ??= splitTarget(this.url));
  }

  /** The fields. It is independent of what it was parsed from then. */
  get section(): FieldSection {
    this.keep();
    return this.#section!;
  }

  /** Makes it independent of what it was parsed from. Idempotent. */
  keep(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#url ??= latin1(reader.bytes, reader.base + reader.targetStart, reader.base + reader.targetEnd);
    this.#section = FieldSection.of(reader);
    this.#reader = undefined;
  }
}
