import type { Owner } from './directories.ts';

/**
 * Runs `act` with no more rights than that user has, when root calls it. The user may have set traps for root, such as
 * a link in the place of a socket. With this, they lead root nowhere that the user could not go alone (CWE-61,
 * CWE-441).
 *
 * @param owner the user; with undefined, `act` runs with the present rights.
 * @param act must be finished when it returns, because the rights belong to the whole process.
 */
export function withRightsOf<Result>(owner: Owner | undefined, act: () => Result): Result {
  if (owner === undefined || process.geteuid?.() !== 0) return act();
  const groups = process.getgroups!();
  const group = process.getegid!();
  // The groups change first: without root's id they could not be changed, and with root's groups the process could
  // still open root's files.
  process.setgroups!([owner.gid]);
  try {
    process.setegid!(owner.gid);
    process.seteuid!(owner.uid);
    return act();
  } finally {
    process.seteuid!(0);
    process.setegid!(group);
    process.setgroups!(groups);
  }
}
