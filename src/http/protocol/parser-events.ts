/** The parser has used all bytes given. */
export const NEED = 0;
/** A head is complete: `head`, `method`, `fields`... are valid until the next call. */
export const HEAD = 1;
/** A part of the body has come: `from` to `to` of the bytes given. */
export const DATA = 2;
/** The message is complete. */
export const END = 3;
/**
 * The message is wrong, and `refusal` says why. The connection is of no use any more, because the beginning of the next
 * message cannot be known.
 */
export const FAILED = 4;

export type ParserEvent = typeof NEED | typeof HEAD | typeof DATA | typeof END | typeof FAILED;
