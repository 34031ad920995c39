import { MisuseError } from '../protocol/errors.ts';
import { fieldText, isToken, show, type FieldValue } from '../protocol/field-line.ts';
import { ResponseTrailers } from './response-trailers.ts';

/** The fields that say how long a message is and what becomes of the connection. The server sets them. */
const FRAMING: Readonly<Record<string, string>> = {
  'transfer-encoding': 'write() chooses it',
  'keep-alive': 'the server decides',
  upgrade: 'take the connection with hijack()',
};

/** @param lower the name in lower case. @throws MisuseError ERR_HTTP_FIELD */
export function refuseFraming(lower: string): void {
  const instead = FRAMING[lower];
  if (instead !== undefined) throw new MisuseError('ERR_HTTP_FIELD', `${lower} is not set by a handler: ${instead}`);
}

/**
 * The fields that a handler has set, in order. The first four are the server's defaults, which the handler's own
 * replace.
 */
export class ResponseFields {
  /** The type; undefined for the default. */
  contentType: string | undefined = undefined;
  contentLength: number | undefined = undefined;
  hasDate = false;
  hasServer = false;
  /** True after `Connection: close`. */
  closes = false;
  /** The words of the status; '' for the registered ones. */
  reason = '';
  /** The fields after the content. */
  trailers: ResponseTrailers | undefined = undefined;
  readonly #lines = new Map<string, string>();

  /** @throws MisuseError ERR_HTTP_FIELD when it would inject something */
  setReason(reason: string): void {
    this.reason = fieldText('status', reason);
  }

  /** Replaces a field. An empty list takes it away. */
  set(name: string, value: FieldValue): void {
    this.#put(name, value, false);
  }

  /** Adds one more field of the name. */
  add(name: string, value: FieldValue): void {
    this.#put(name, value, true);
  }

  addTrailer(name: string, value: string | number): void {
    const trailers = this.trailers ?? new ResponseTrailers();
    trailers.add(name, value);
    this.trailers = trailers;
  }

  delete(name: string): void {
    const lower = name.toLowerCase();
    if (lower === 'content-type') this.contentType = '';
    this.#lines.delete(lower);
  }

  get(name: string): string | undefined {
    if (name.toLowerCase() === 'content-type') return this.contentType;
    const line = this.#lines.get(name.toLowerCase());
    return line?.slice(line.indexOf(':') + 2, -2);
  }

  get lines(): string {
    let lines = '';
    for (const line of this.#lines.values()) lines += line;
    return lines;
  }

  #announce(names: string): void {
    const trailers = this.trailers ?? new ResponseTrailers();
    trailers.announce(names);
    this.trailers = trailers;
  }

  #put(name: string, value: FieldValue, adds: boolean): void {
    if (!isToken(name)) throw new MisuseError('ERR_HTTP_FIELD', `a field's name is a token, got ${show(String(name))}`);
    const lower = name.toLowerCase();
    refuseFraming(lower);
    if (!Array.isArray(value)) return this.#note(name, lower, fieldText(name, value as string | number), adds);
    if (value.length === 0 && !adds) this.delete(name);
    for (const [index, one] of value.entries()) {
      this.#note(name, lower, fieldText(name, one as string), adds || index > 0);
    }
  }

  #note(name: string, lower: string, text: string, adds: boolean): void {
    switch (lower) {
      case 'content-type':
        // The standard's Headers join two of it in this way.
        this.contentType = adds && this.contentType ? `${this.contentType}, ${text}` : text;
        return;
      case 'content-length':
        this.#setLength(lengthIn(text), adds);
        return;
      case 'connection':
        this.closes = closesIn(text) || (adds && this.closes);
        return;
      case 'trailer':
        this.#announce(text);
        return;
      case 'date':
        this.hasDate = true;
        break;
      case 'server':
        this.hasServer = true;
        break;
    }
    const line = `${name}: ${text}\r\n`;
    this.#lines.set(lower, adds ? (this.#lines.get(lower) ?? '') + line : line);
  }

  #setLength(length: number, adds: boolean): void {
    if (adds && this.contentLength !== undefined && this.contentLength !== length) {
      throw new MisuseError(
        'ERR_HTTP_FIELD',
        `a response has one Content-Length, got ${this.contentLength} and ${length}`,
      );
    }
    this.contentLength = length;
  }
}

function lengthIn(text: string): number {
  const length = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(length)) return length;
  throw new MisuseError('ERR_HTTP_FIELD', `Content-Length is a number of bytes, got ${show(text)}`);
}

function closesIn(value: string): boolean {
  const lower = value.toLowerCase();
  if (lower === 'close' || lower === 'keep-alive') return lower === 'close';
  throw new MisuseError('ERR_HTTP_FIELD', `Connection is close or keep-alive, got ${show(value)}`);
}
