import { latin1 } from './bytes.ts';
import { FieldSection } from './field-section.ts';
import type { Parser } from './parser.ts';
import { splitTarget, type Target } from './target.ts';

/**
 * The head of a request: at first the places of its parts in bytes that another read will overwrite, and text only of
 * what is asked for. A request that is not answered at once has its head kept as one string.
 */
export class RequestHead {
  readonly method: string;
  readonly minor: number;
  #parser: Parser | undefined;
  #section: FieldSection | undefined;
  #url: string | undefined;
  #target: Target | undefined;

  constructor(parser: Parser) {
    this.#parser = parser;
    this.method = parser.method;
    this.minor = parser.minor;
  }

  /** The request-target as it was sent. */
  get url(): string {
    if (this.#url !== undefined) return this.#url;
    const parser = this.#parser!;
    return (this.#url = latin1(parser.head, parser.base + parser.targetStart, parser.base + parser.targetEnd));
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
    const parser = this.#parser;
    if (parser === undefined) return;
    this.#url ??= latin1(parser.head, parser.base + parser.targetStart, parser.base + parser.targetEnd);
    this.#section = FieldSection.of(parser);
    this.#parser = undefined;
  }
}
