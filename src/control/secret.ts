/** A shorter secret could be guessed in time. */
export const SHORTEST_SECRET = 16;

/** Returns 192 random bits, in characters that need no quoting anywhere. */
export function newSecret(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(24).toString('base64url');
}

/** Compares digests, so that the time does not depend on the length or on a common beginning. */
export function isSecret(given: string, secret: string): boolean {
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
