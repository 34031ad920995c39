import { types } from 'node:util';
import { MisuseError } from '../protocol/errors.ts';

/** The content of a response, or a piece of it. */
export type Content = string | ArrayBuffer | ArrayBufferView;

/** The content in the form in which it is sent. */
export type Sendable = string | Uint8Array;

/**
 * Returns content in the form in which it is sent. This is a hot path: nearly all content is one of the first two
 * types. @throws MisuseError ERR_HTTP_BODY for what is no content
 */
export function sendable(call: string, content: Content): Sendable {
  if (typeof content === 'string' || content instanceof Uint8Array) return content;
  // These checks avoid `instanceof`: test runners and vm have classes of their own.
  if (ArrayBuffer.isView(content)) return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  if (types.isAnyArrayBuffer(content)) return new Uint8Array(content);
  throw new MisuseError(
    'ERR_HTTP_BODY',
    `${call}(): expected a string, an ArrayBuffer or a view of one, got ${nameOf(content)}`,
  );
}

/** The global `Buffer` is a getter, which is called at each use. That costs 15 ns of the 35 that `lengthOf` takes. */
const Bytes = Buffer;

/** Returns the length in bytes. */
export function lengthOf(content: Sendable): number {
  return typeof content === 'string' ? Bytes.byteLength(content) : content.byteLength;
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return value.constructor?.name ?? 'an object';
}
