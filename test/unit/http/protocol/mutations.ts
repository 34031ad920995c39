/** Makes requests that are nearly right, from a seed. The same seed gives the same requests. */

const bases: readonly string[] = [
  'GET /a?b=c HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n',
  'HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world',
  'POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b;c="d\\"e"\r\n world\r\n0\r\nX-T: 1\r\n\r\n',
  'PUT /z HTTP/1.1\r\nHost: h:8080\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n',
  'GET http://h:80/x?y HTTP/1.1\r\nHost: h\r\n\r\n',
  'GET /u HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
  'POST /t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-A, X-B\r\n\r\n2\r\nhi\r\n0\r\nX-A: 1\r\nx-b:\t two \r\nX-A:\r\n\r\n',
  'POST /t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: 1\r\n\r\n',
  'PATCH /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n00\r\n\r\n',
  'POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n000000000000000000005 ;\ta = "b" ; c\r\nhello\r\n0\r\n\r\n',
];

const lines: readonly string[] = [
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length: 0x5',
  'Content-Length : 5',
  'Content-Length:',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: xchunked',
  ' folded: x',
  '\tfolded',
  'Host: other',
  'Host:',
  'Host: a/b',
  'Connection: close',
  'Connection: keep-alive, close',
  'Connection: upgrade',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Expect: other',
  ': empty',
  'No colon',
  'X: \u0000',
  'X: \u007f',
  'X: a\rb',
  'X: a\nb',
  'X:',
  'X: \u00ff',
  'Trailer: X',
  'Content-Length: 99999999999999999999',
];

const bytes = [
  '\r',
  '\n',
  '\r\n',
  '\n\n',
  ' ',
  '\t',
  ':',
  ';',
  '=',
  '"',
  ',',
  '0',
  '1',
  'f',
  'g',
  '\0',
  '\x7f',
  '\x80',
  '#',
  '?',
  '/',
  '\\',
  '-',
  '+',
];

/** Makes a generator of numbers from 0 to below 1: mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export class Mutations {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = random(seed);
  }

  next(): Buffer {
    let text = this.#pick(bases);
    for (let more = this.#below(3); more > 0; more--) text += this.#pick(bases);
    for (let more = 1 + this.#below(3); more > 0; more--) text = this.#mutate(text);
    return Buffer.from(text, 'latin1');
  }

  #mutate(text: string): string {
    const at = this.#below(text.length + 1);
    switch (this.#below(6)) {
      case 0:
        return text.slice(0, at) + this.#pick(bytes) + text.slice(at);
      case 1:
        return text.slice(0, at) + text.slice(at + 1 + this.#below(3));
      case 2:
        return text.slice(0, at) + this.#pick(bytes) + text.slice(at + 1);
      case 3:
      case 4:
        return this.#insertLine(text);
      default:
        return text.slice(0, at) + text.slice(at, at + this.#below(20)) + text.slice(at);
    }
  }

  #insertLine(text: string): string {
    const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index + 2);
    if (ends.length === 0) return text;
    const at = this.#pick(ends);
    return `${text.slice(0, at)}${this.#pick(lines)}\r\n${text.slice(at)}`;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)]!;
  }
}
