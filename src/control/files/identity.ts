import type { Owner } from './directories.ts';

/**
 * Does something with no more rights than that user has, for root. What the user has put there for root to find, such as a
 * link in the place of a socket, leads root nowhere where the user could not go alone (CWE-61, CWE-441).
 *
 * @param owner undefined: does it as it is.
 * @param act all that it does has to be over when it returns, as the rights are the whole process's.
 */
export function withRightsOf<Result>(owner: Owner | undefined, act: () => Result): Result {
  if (owner === undefined || process.geteuid?.() !== 0) return act();
  const groups = process.getgroups!();
  const group = process.getegid!();
  // Groups first: without root's id they cannot be changed, and with root's groups its files can still be opened.
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
