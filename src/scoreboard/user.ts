/** Tells whose files are whose. Without user ids (Windows), all files belong to one user. */

/** Tells whether `uid` is this process's. */
export function isOf(uid: number): boolean {
  return process.geteuid === undefined || uid === process.geteuid();
}
