import { types } from 'node:util';
import { MisuseError } from '../protocol/errors.ts';

/** What can be the content of a response, or a piece of it. */
export type Content = string | ArrayBuffer | ArrayBufferView;

/** What is sent of it. */
export type Sendable = string | Uint8Array;

/** A hot path: nearly all content is one of the first two. @throws MisuseError ERR_HTTP_BODY for what is no content */
export function sendable(call: string, content: Content): Sendable {
  if (typeof content === 'string' || content instanceof Uint8Array) return content;
  // Without `instanceof`: test runners and vm have classes of their own.
  if (ArrayBuffer.isView(content)) return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  if (types.isAnyArrayBuffer(content)) return new Uint8Array(content);
  throw new MisuseError(
    'ERR_HTTP_BODY',
    `${call}(): expected a string, an ArrayBuffer or a view of one, got ${nameOf(content)}`,
  );
}

/** The global `Buffer` is a getter, which is called at each use: 15 ns of the 35 that this takes. */
const Bytes = Buffer;

/** In bytes. */
export function lengthOf(content: Sendable): number {
  return typeof content === 'string' ? Bytes.byteLength(content) : content.byteLength;
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return value.constructor?.name ?? 'an object';
}
