/** The polynomial of Castagnoli, with its bits in reverse. */
const POLYNOMIAL = 0x82f63b78;
const ALL_ONES = 0xffffffff;
const BITS_OF_BYTE = 8;

const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < BITS_OF_BYTE; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

/**
 * The checksum CRC-32C (RFC 4960, appendix B) of bytes, of which four count as zero: those where the checksum itself stands.
 *
 * @param hole where the four are
 */
export function crc32c(bytes: Uint8Array, hole: number): number {
  let sum = ALL_ONES;
  for (let at = 0; at < bytes.length; at++) {
    const byte = at >= hole && at < hole + 4 ? 0 : bytes[at]!;
    sum = table[(sum ^ byte) & 0xff]! ^ (sum >>> BITS_OF_BYTE);
  }
  return (sum ^ ALL_ONES) >>> 0;
}
