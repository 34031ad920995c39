import { FieldSection } from '../protocol/field-section.ts';
import type { HeadReader } from '../protocol/head-reader.ts';
import { splitTarget, type Target } from '../protocol/target.ts';

/**
 * The head of a request, independent of the bytes from which it was read: the next read overwrites them, and a handler
 * may hold its request for as long as it likes, answered or not. The head is one string, in which its parts are found
 * when they are asked for.
 */
export class RequestHead {
  readonly method: string;
  readonly minor: number;
  /** The request-target as it was sent. */
  readonly url: string;
  /** The fields, in the same string. */
  readonly section: FieldSection;
  #target: Target | undefined;

  constructor(reader: HeadReader) {
    this.method = reader.method;
    this.minor = reader.minor;
    this.section = FieldSection.of(reader);
    this.url = this.section.text.slice(reader.targetStart, reader.targetEnd);
  }

  get target(): Target {
    return (this.#target ??= splitTarget(this.url));
  }
}
