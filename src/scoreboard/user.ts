/** Whose files are whose. Where there are no user ids (Windows), all are of one. */

/** Whether `uid` is this process's, or one of those. */
export function isOf(uid: number, ...others: readonly number[]): boolean {
  return process.geteuid === undefined || uid === process.geteuid() || others.includes(uid);
}

/**
 * Does something to files of `uid` with no more rights than that user has. Where root works on paths that a user can swap
 * under its hands, this is what keeps it from being sent elsewhere (CWE-59). Others than root do it as they are.
 */
export function asUser(uid: number, act: () => void): void {
  if (process.geteuid?.() !== 0 || uid === 0) {
    act();
    return;
  }
  process.seteuid!(uid);
  try {
    act();
  } finally {
    process.seteuid!(0);
  }
}
