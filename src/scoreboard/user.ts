/** Whose files are whose. Where there are no user ids (Windows), all are of one. */

/** Whether `uid` is this process's. */
export function isOf(uid: number): boolean {
  return process.geteuid === undefined || uid === process.geteuid();
}
