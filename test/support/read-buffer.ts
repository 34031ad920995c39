/** What other memory may hold behind the bytes of a read: lines, and pieces of them. */
const OTHER = Buffer.from('}\n{"cmd":"other"}\n{"');

/** Returns the buffer of a read as Node 26 passes it on when more than half of it was filled: with what was there before. */
export function readBuffer(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.length + OTHER.length);
  new Uint8Array(buffer).set(Buffer.concat([bytes, OTHER]));
  return buffer;
}
