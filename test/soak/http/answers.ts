/** An answer on a connection. */
export interface Answer {
  readonly status: number;
  readonly content: Buffer;
  /** True when its client would take it for whole. */
  readonly looksWhole: boolean;
}

/**
 * Parses the answers.
 *
 * @param hasEnded whether the connection has ended by a FIN, not by a reset.
 */
export function readAnswers(bytes: Buffer, hasEnded: boolean): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end < 0) return answers.concat({ status: 0, content: Buffer.alloc(0), looksWhole: false });
    const head = bytes.toString('latin1', at, end);
    const status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    const from = end + 4;
    if (/\r\ntransfer-encoding: chunked/i.test(head)) {
      const [content, next] = readChunks(bytes, from);
      answers.push({ status, content, looksWhole: next !== undefined });
      at = next ?? bytes.length;
    } else if (length !== undefined) {
      at = from + Number(length);
      answers.push({ status, content: bytes.subarray(from, at), looksWhole: at <= bytes.length });
    } else {
      answers.push({ status, content: bytes.subarray(from), looksWhole: hasEnded });
      at = bytes.length;
    }
  }
  return answers;
}

/**
 * Parses chunks.
 *
 * @returns the content, and the position of the next answer if the last chunk has come.
 */
function readChunks(bytes: Buffer, from: number): [content: Buffer, next: number | undefined] {
  const chunks: Buffer[] = [];
  for (let at = from; ;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return [Buffer.concat(chunks), undefined];
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    at = end + 2 + size + 2;
    if (at > bytes.length) return [Buffer.concat(chunks), undefined];
    if (size === 0) return [Buffer.concat(chunks), at];
    chunks.push(bytes.subarray(end + 2, at - 2));
  }
}
