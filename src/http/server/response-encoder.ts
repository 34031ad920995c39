import { lengthOf, type Sendable } from '../message/content.ts';
import { MisuseError } from '../protocol/errors.ts';
import type { ResponseHead } from '../message/response-sink.ts';
import type { ServerCore } from './server-core.ts';
import { isBodiless, isEmpty } from '../protocol/status.ts';
import type { Writer } from './writer.ts';

/** The content of this response is not sent, because it answers HEAD or has the status 204, 205 or 304. */
const NONE = -1;

/** Encodes the responses of a connection, one after the other. */
export class ResponseEncoder {
  /** True when the response is to be the last of its connection. */
  isLast = false;
  readonly #core: ServerCore;
  readonly #writer: Writer;
  #isHead = false;
  #isOld = false;
  #isChunked = false;
  /** The number of bytes that are to come of a response whose length was said. */
  #announced = Infinity;

  constructor(core: ServerCore, writer: Writer) {
    this.#core = core;
    this.#writer = writer;
  }

  /**
   * Whether only the end of the connection ends the response that has begun. The client of a cut one would then take it
   * for whole.
   */
  get endsWithConnection(): boolean {
    return !this.#isChunked && this.#announced === Infinity;
  }

  /** Starts the next response. @param minor the minor version of the request */
  start(method: string, minor: number, isLast: boolean): void {
    this.isLast = isLast;
    this.#isHead = method === 'HEAD';
    this.#isOld = minor === 0;
    this.#isChunked = false;
    this.#announced = Infinity;
  }

  /** Encodes the whole response. */
  answer(head: ResponseHead, content: Sendable): void {
    const { statusCode, fields } = head;
    const length = isEmpty(statusCode) ? 0 : lengthOf(content);
    if (statusCode === 200 && fields === undefined) {
      this.#writer.add(this.#core.heads.whole(this.#typeOf(head, content), length, this.#lastLines(false)));
    } else {
      const said = this.#isHead && !isEmpty(statusCode) ? (fields?.contentLength ?? length) : length;
      const framing = isBodiless(statusCode) ? '' : `Content-Length: ${said}\r\n`;
      this.#writer.add(this.#firstLines(head, content) + framing + this.#lastLines(fields?.closes));
    }
    if (length > 0 && !this.#isHead) this.#writer.addContent(content, length);
  }

  /** Encodes the head of a response. `write` goes on with it. */
  begin(head: ResponseHead): void {
    const { statusCode, fields } = head;
    const hasContent = !isEmpty(statusCode);
    const length = statusCode === 205 ? 0 : fields?.contentLength;
    const trailers = fields?.trailers;
    this.#isChunked = (length === undefined || trailers !== undefined) && !this.#isOld && hasContent;
    if (length === undefined && this.#isOld) this.isLast = true;
    const said = length === undefined || isBodiless(statusCode) ? '' : `Content-Length: ${length}\r\n`;
    const framing = this.#isChunked ? `Transfer-Encoding: chunked\r\n${trailers?.announcement ?? ''}` : said;
    this.#writer.add(this.#firstLines(head, '-') + framing + this.#lastLines(fields?.closes));
    this.#announced = this.#isHead || !hasContent ? NONE : (length ?? Infinity);
  }

  /** @throws MisuseError ERR_HTTP_BODY when there is more than was announced */
  write(content: Sendable): void {
    const length = lengthOf(content);
    if (length === 0 || this.#announced === NONE) return;
    if (length > this.#announced) {
      throw new MisuseError(
        'ERR_HTTP_BODY',
        `write() of ${length} bytes, of ${this.#announced} left of Content-Length`,
      );
    }
    this.#announced -= length;
    if (this.#isChunked) this.#writer.add(`${length.toString(16)}\r\n`);
    this.#writer.addContent(content, length);
    if (this.#isChunked) this.#writer.add('\r\n');
  }

  /** @returns false when less was written than announced. Only closing can say so then. */
  finish(trailers: string): boolean {
    const isWhole = this.#announced <= 0 || this.#announced === Infinity;
    if (!isWhole) this.isLast = true;
    else if (this.#isChunked && !this.#isHead) this.#writer.add(`0\r\n${trailers}\r\n`);
    return isWhole;
  }

  #firstLines(head: ResponseHead, content: Sendable): string {
    const { statusCode, fields } = head;
    const type = this.#typeOf(head, content);
    if (statusCode === 200 && fields === undefined) return this.#core.heads.ok(type);
    return this.#core.heads.of(statusCode, type, fields);
  }

  #typeOf(head: ResponseHead, content: Sendable): string {
    return this.#core.settings.noDefaultContentType ? '' : head.contentTypeOf(content);
  }

  #lastLines(closes: boolean | undefined): string {
    if (closes === true) this.isLast = true;
    if (this.isLast) return 'Connection: close\r\n\r\n';
    return this.#isOld ? 'Connection: keep-alive\r\n\r\n' : '\r\n';
  }
}
