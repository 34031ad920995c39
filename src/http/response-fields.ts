import { MisuseError } from './errors.ts';

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What latin1 can carry of VCHAR, SP, HTAB and obs-text: no CR, LF or NUL, with which a response would be split. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Fields that say how long a message is and what becomes of the connection: they are the server's. */
const FRAMING: Readonly<Record<string, string>> = {
  'transfer-encoding': 'write() chooses it',
  'keep-alive': 'the server decides',
  upgrade: 'take the connection with hijack()',
  trailer: 'use trailer()',
};

/** The line of a field, checked against injection. @throws MisuseError ERR_HTTP_FIELD */
export function fieldLine(name: string, value: string | number): string {
  const text = typeof value === 'string' ? value : String(value);
  if (!NAME.test(name)) throw new MisuseError('ERR_HTTP_FIELD', `a field's name is a token, got ${show(name)}`);
  if (!VALUE.test(text)) {
    throw new MisuseError('ERR_HTTP_FIELD', `${name}: no control characters, nor any above U+00FF: ${show(text)}`);
  }
  return `${name}: ${text}\r\n`;
}

/** @param lower the name in lower case. @throws MisuseError ERR_HTTP_FIELD */
export function refuseFraming(lower: string): void {
  const instead = FRAMING[lower];
  if (instead !== undefined) throw new MisuseError('ERR_HTTP_FIELD', `${lower} is not set by a handler: ${instead}`);
}

/** Not more than a log wants. */
function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
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
  readonly #lines = new Map<string, string>();

  /** Replaces. */
  set(name: string, value: string | number): void {
    this.#note(name.toLowerCase(), value, fieldLine(name, value), false);
  }

  /** Adds one more of the name. */
  add(name: string, value: string | number): void {
    this.#note(name.toLowerCase(), value, fieldLine(name, value), true);
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
