import { trimBlanks } from '../protocol/blanks.ts';
import { MisuseError } from '../protocol/errors.ts';
import { fieldLine, isToken, show } from '../protocol/field-line.ts';

/**
 * Fields that have to be known before the content: those of framing, routing and authentication, those on how to go on
 * with request or response, and those of the content itself. A sender must not have them among trailers: RFC 9110,
 * 6.5.1.
 */
const TOO_LATE: ReadonlySet<string> = new Set(
  (
    'connection content-length keep-alive proxy-connection te trailer transfer-encoding upgrade ' +
    'host max-forwards via forwarded ' +
    'authorization cookie proxy-authenticate proxy-authorization set-cookie www-authenticate ' +
    'cache-control expect if-match if-modified-since if-none-match if-range if-unmodified-since pragma range ' +
    'age date expires location retry-after vary warning ' +
    'accept-ranges content-encoding content-language content-location content-range content-type'
  ).split(' '),
);

/** The fields that a handler sends after the content of its response. */
export class ResponseTrailers {
  /** The names as they were first written, by their lower case. */
  readonly #names = new Map<string, string>();
  #lines = '';

  /** The field that announces the trailers: RFC 9110, 6.6.2. */
  get announcement(): string {
    return `Trailer: ${[...this.#names.values()].join(', ')}\r\n`;
  }

  get lines(): string {
    return this.#lines;
  }

  /** @param names the value of the field `Trailer`. @throws MisuseError ERR_HTTP_FIELD */
  announce(names: string): void {
    const list = names.split(',').map(trimBlanks);
    for (const name of list) expectTrailer(name);
    for (const name of list) this.#note(name);
  }

  /** @throws MisuseError ERR_HTTP_FIELD */
  add(name: string, value: string | number): void {
    const line = fieldLine(name, value);
    expectTrailer(name);
    this.#note(name);
    this.#lines += line;
  }

  #note(name: string): void {
    const lower = name.toLowerCase();
    if (!this.#names.has(lower)) this.#names.set(lower, name);
  }
}

function expectTrailer(name: string): void {
  if (!isToken(name)) throw new MisuseError('ERR_HTTP_FIELD', `Trailer is a list of names, got ${show(name)}`);
  if (!TOO_LATE.has(name.toLowerCase())) return;
  throw new MisuseError('ERR_HTTP_FIELD', `${name} means nothing after the content: set it with header()`);
}
