/** Reads HTTP/1 answers one after another, however they are cut. Small, so that it can be trusted. */
export interface Answer {
  readonly status: number;
  /** Their names are in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

interface Head {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  /** Undefined: chunked. */
  readonly length: number | undefined;
}

const EMPTY = Buffer.alloc(0);

export class Answers {
  #bytes: Buffer = EMPTY;
  #later: Buffer[] = [];
  #laterLength = 0;
  /** So many bytes it takes at least until something more can be read. */
  #needed = 1;
  #head: Head | undefined;
  #chunks: Buffer[] = [];

  /** @returns what has become whole, interim answers among them. */
  push(bytes: Buffer): Answer[] {
    this.#later.push(bytes);
    this.#laterLength += bytes.length;
    if (this.#bytes.length + this.#laterLength < this.#needed) return [];
    this.#bytes = Buffer.concat([this.#bytes, ...this.#later]);
    this.#later = [];
    this.#laterLength = 0;
    const answers: Answer[] = [];
    for (let one = this.#next(); one !== undefined; one = this.#next()) answers.push(one);
    return answers;
  }

  /** How many bytes have come of an answer that is not whole, its head left out once that is read. */
  get begun(): number {
    return this.#bytes.length + this.#laterLength;
  }

  /** Nothing of an answer has come that is not whole. */
  get isBetween(): boolean {
    return this.#head === undefined && this.#bytes.length === 0 && this.#laterLength === 0;
  }

  #next(): Answer | undefined {
    this.#head ??= this.#readHead();
    if (this.#head === undefined) return undefined;
    const { status, fields, length } = this.#head;
    const body = length === undefined ? this.#readChunks() : this.#take(length);
    if (body === undefined) return undefined;
    this.#head = undefined;
    this.#needed = 1;
    return { status, fields, body };
  }

  #readHead(): Head | undefined {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return this.#wait(this.#bytes.length + 1);
    const [line, ...lines] = this.#take(end + 4)!
      .toString('latin1')
      .trimEnd()
      .split('\r\n');
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(line!) ?? [];
    if (status === undefined) throw new Error(`an answer begins with ${JSON.stringify(line!.slice(0, 60))}`);
    const fields = new Map(
      lines.map((one): [string, string] => {
        const colon = one.indexOf(':');
        return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()];
      }),
    );
    const isInterim = status.startsWith('1');
    const isChunked = fields.get('transfer-encoding') === 'chunked';
    return {
      status: Number(status),
      fields,
      length: isChunked ? undefined : isInterim ? 0 : Number(fields.get('content-length')),
    };
  }

  #readChunks(): Buffer | undefined {
    for (;;) {
      const end = this.#bytes.indexOf('\r\n');
      if (end < 0) return this.#wait(this.#bytes.length + 1);
      const size = Number.parseInt(this.#bytes.toString('latin1', 0, end), 16);
      const whole = end + 2 + size + 2;
      if (this.#bytes.length < whole) return this.#wait(whole);
      const chunk = this.#take(whole)!.subarray(end + 2, end + 2 + size);
      if (size > 0) this.#chunks.push(chunk);
      else {
        const body = Buffer.concat(this.#chunks);
        this.#chunks = [];
        return body;
      }
    }
  }

  #take(length: number): Buffer | undefined {
    if (this.#bytes.length < length) return this.#wait(length);
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  #wait(needed: number): undefined {
    this.#needed = needed;
    return undefined;
  }
}
