/** Writes the eight groups of an address as the kernel does (RFC 5952): the longest run of zeros is `::`, and IPv4 within it keeps its dots. */
export function formatIpv6(groups: readonly number[]): string {
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return `::ffff:${groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.')}`;
  const text = groups.map((group) => group.toString(16)).join(':');
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)];
  const longest = runs.reduce((best, [run]) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = runs.find(([run]) => run === longest)!.index;
  const [before, after] = [text.slice(0, at), text.slice(at + longest.length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}
