import { MisuseError } from './errors.ts';
import { expectValue, fieldLine, show } from './field-line.ts';
import { ResponseTrailers } from './response-trailers.ts';

/** Fields that say how long a message is and what becomes of the connection: they are the server's. */
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

/** What a handler has set, in order. The first four are the server's defaults, and given here they replace them. */
export class ResponseFields {
  /** Undefined: the default. */
  contentType: string | undefined = undefined;
  contentLength: number | undefined = undefined;
  hasDate = false;
  hasServer = false;
  /** `Connection: close`. */
  closes = false;
  /** '': the registered one. */
  reason = '';
  /** What comes after the content. */
  trailers: ResponseTrailers | undefined = undefined;
  readonly #lines = new Map<string, string>();

  /** @throws MisuseError ERR_HTTP_FIELD when it would inject something */
  setReason(reason: string): void {
    expectValue('status', reason);
    this.reason = reason;
  }

  /** Replaces. */
  set(name: string, value: string | number): void {
    this.#note(name.toLowerCase(), value, fieldLine(name, value), false);
  }

  /** Adds one more of the name. */
  add(name: string, value: string | number): void {
    this.#note(name.toLowerCase(), value, fieldLine(name, value), true);
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

  #note(lower: string, value: string | number, line: string, adds: boolean): void {
    refuseFraming(lower);
    switch (lower) {
      case 'content-type':
        this.contentType = String(value);
        return;
      case 'content-length':
        this.contentLength = lengthIn(value);
        return;
      case 'connection':
        this.closes = closesIn(String(value));
        return;
      case 'trailer':
        this.#announce(String(value));
        return;
      case 'date':
        this.hasDate = true;
        break;
      case 'server':
        this.hasServer = true;
        break;
    }
    this.#lines.set(lower, adds ? (this.#lines.get(lower) ?? '') + line : line);
  }
}

function lengthIn(value: string | number): number {
  const length = Number(value);
  if (Number.isSafeInteger(length) && length >= 0 && value !== '') return length;
  throw new MisuseError('ERR_HTTP_FIELD', `Content-Length is a number of bytes, got ${show(String(value))}`);
}

function closesIn(value: string): boolean {
  const lower = value.toLowerCase();
  if (lower === 'close' || lower === 'keep-alive') return lower === 'close';
  throw new MisuseError('ERR_HTTP_FIELD', `Connection is close or keep-alive, got ${show(value)}`);
}
