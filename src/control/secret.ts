/** Fewer characters can be guessed, given time. */
export const SHORTEST_SECRET = 16;

/** 192 bits, in characters that need no quoting anywhere. */
export function newSecret(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(24).toString('base64url');
}

/** Takes the same time whatever they have in common, and however long they are: digests are compared. */
export function isSecret(given: string, secret: string): boolean {
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
